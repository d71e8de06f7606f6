import type { Api } from "../api.ts";
import { shown } from "../problem.ts";
import { ownKeys } from "../known_keys.ts";
import type { State } from "../state.ts";
import type { CtService, Logged } from "./ct.ts";

/** Who is asked, and about what. */
export interface ForeignOptions {
  /** Where visitors find the page: `USER.BASE`. */
  hostname: string;
  service: Pick<CtService, "search" | "keyOf">;
  api: Pick<Api, "relayInfo">;
  state: Pick<State, "identity" | "list" | "saveList">;
}

/** A certificate that is good for the page's name, and not for a key that is known. */
export interface Foreign extends Logged {
  key: string;
}

/** What a search comes to. */
export interface Search {
  foreign: Foreign[];
  /** Why some of it could not be had; empty where all was looked at. */
  failures: Error[];
}

/**
 * Looks in the public logs for certificates by which others could stand for the page: for its name and any below it with
 * a key that this computer never had, and for the wildcard above it with one that the relay does not tell of either.
 *
 * What is in order is remembered, and not asked for again. Where the service fails at one thing the others are looked
 * at all the same.
 *
 * @throws {Error} if the relay cannot be asked.
 */
export async function foreignCertificates(options: ForeignOptions): Promise<Search> {
  const { hostname, service, api, state } = options;
  const wildcard = `*.${hostname.slice(hostname.indexOf(".") + 1)}`;
  const [own, { keyFingerprints: ofRelay }, seen] = await Promise.all([
    ownKeys(state),
    api.relayInfo(),
    state.list("logged.json"),
  ]);
  if (ofRelay === undefined || ofRelay === null) {
    throw new Error("the relay is too old to tell its own keys (GET /v1/relay, keyFingerprints)");
  }
  const inOrder: string[] = [];
  const foreign = new Map<string, Foreign>();
  const failures: Error[] = [];
  const fail = (error: Error): void => void failures.push(error);
  const searches = [
    { names: [hostname, `%.${hostname}`], known: own },
    { names: [wildcard], known: [...own, ...ofRelay] },
  ];
  for (const { names, known } of searches) {
    const found = new Map<string, Logged>();
    for (const name of names) {
      for (const logged of await service.search(name).catch(fail) ?? []) {
        found.set(logged.id, logged);
      }
    }
    for (const [id, logged] of found) {
      if (seen.includes(id)) {
        inOrder.push(id);
        continue;
      }
      const key = await service.keyOf(id).catch(fail);
      if (key === undefined) continue;
      if (known.includes(key)) inOrder.push(id);
      else foreign.set(id, { ...logged, key });
    }
  }
  // What a search did not find has expired, unless it failed.
  const remembered = failures.length > 0 ? [...seen, ...inOrder] : inOrder;
  // One that names both is in order for both or not at all.
  await state.saveList("logged.json", [...new Set(remembered)].filter((id) => !foreign.has(id)));
  return { foreign: [...foreign.values()], failures };
}

/** Says what was found, in a line a certificate. */
export function foreignText({ id, names, issuer, notBefore, key }: Foreign): string {
  return `for ${shown(names.join(", "))} by ${issuer}, from ${notBefore}, key ${key}, id ${id}`;
}
