import type { Api } from "../api.ts";
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

/**
 * Looks in the public logs for certificates by which others could stand for the page: for exactly its name with a key
 * that this computer never had, and for the wildcard above it with one that the relay does not tell of either.
 *
 * What is in order is remembered, and not asked for again.
 *
 * @throws {Error} if the service or the relay cannot be asked.
 */
export async function foreignCertificates(options: ForeignOptions): Promise<Foreign[]> {
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
  for (const [name, known] of [[hostname, own], [wildcard, [...own, ...ofRelay]]] as const) {
    for (const logged of await service.search(name)) {
      const { id } = logged;
      const key = seen.includes(id) ? undefined : await service.keyOf(id);
      if (key === undefined || known.includes(key)) inOrder.push(id);
      else foreign.set(id, { ...logged, key });
    }
  }
  // One that names both is in order for both or not at all.
  await state.saveList("logged.json", [...new Set(inOrder.filter((id) => !foreign.has(id)))]);
  return [...foreign.values()];
}

/** Says what was found, in a line a certificate. */
export function foreignText({ id, names, issuer, notBefore, key }: Foreign): string {
  return `for ${names.join(", ")} by ${issuer}, from ${notBefore}, key ${key}, id ${id}`;
}
