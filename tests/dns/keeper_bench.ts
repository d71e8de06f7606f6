import { NameKeeper } from "../../lib/dns/name_keeper.ts";
import { nameCaaReader } from "../../lib/dns/name_caa.ts";
import type { Issuer } from "../../lib/store/caa.ts";
import { memoryStore } from "../store/helpers.ts";
import { memoryZone } from "./memory_zone.ts";

export const ZONE = "example.test";
export const BASE = `glosson.${ZONE}`;
export const [KAYLEE, APP, RIVER] = [`kaylee.${BASE}`, `app.kaylee.${BASE}`, `river.${BASE}`];

/** A keeper on a zone in memory, whose wildcard answers for the base domain as well. */
export function keeperBench(
  { lookEveryMs, issuerWaitMs }: { lookEveryMs?: number; issuerWaitMs?: number } = {},
) {
  const zone = memoryZone(ZONE);
  zone.put(`*.${ZONE}`, "A", "192.0.2.1");
  const claimed = new Set<string>();
  const { store } = memoryStore();
  const notes: string[] = [];
  let turns = 0;
  /** How many have their turn. */
  let inside = 0;
  let failing: Error | undefined;
  let before: (() => Promise<void>) | undefined;
  /** The relay's own account; none where it cannot be told. */
  let issuer: Issuer | Promise<Issuer> | undefined;
  const keeper = new NameKeeper({
    baseDomain: BASE,
    dns: zone.dns,
    async inTurn(action) {
      turns++;
      const first = before;
      before = undefined;
      await first?.();
      if (failing !== undefined) throw failing;
      inside++;
      return await action().finally(() => inside--);
    },
    store: store.names,
    claimed: () => Promise.resolve(claimed),
    isClaimed: (name) => Promise.resolve(claimed.has(name)),
    caa: nameCaaReader({
      baseDomain: BASE,
      store: store.caa,
      relay: "relay-1",
      ...(issuerWaitMs !== undefined && { waitMs: issuerWaitMs }),
      issuer: () =>
        issuer === undefined || inside > 0
          ? Promise.reject(new Error(inside > 0 ? "asked within a turn" : "no account yet"))
          : Promise.resolve(issuer),
      onNote: (note) => void notes.push(note),
    }),
    onNote: (note) => void notes.push(note),
    ...(lookEveryMs !== undefined && { lookEveryMs }),
  });
  return {
    ...{ zone, claimed, keeper, notes, store },
    /** Says with which account the relay orders, one of `issuerOf` or another. */
    orderBy: (by?: number | Issuer | Promise<Issuer>) =>
      issuer = typeof by === "number" ? issuerOf(by) : by,
    turns: () => turns,
    /** Does something as soon as the next turn is asked for. */
    beforeTurn: (action: () => Promise<void>) => before = action,
    fail: (why?: Error) => failing = why,
    [Symbol.asyncDispose]: () => store.close(),
  };
}

export const issuerOf = (number: number) => ({
  authority: "ca.test",
  accountUrl: `https://ca.test/acct/${number}`,
});

/** What alone the relay's account of a number may. */
export const caaOf = (number: number, method = "dns-01") => [
  `0 issue "ca.test; accounturi=https://ca.test/acct/${number}; validationmethods=${method}"`,
  '0 issuewild ";"',
];

export const COPY = { A: ["192.0.2.1"] };
