import type { CaaStore, Issuer, UserCaa } from "../store/caa.ts";
import { settleWithin } from "../net/pause.ts";
import { labelBelow } from "../wire/names.ts";
import { isIssuer, userCaaValues } from "./caa.ts";

/** The CAA records that users want at their names. */
export interface NameCaa {
  /** The values at a user's name, or one below it; undefined where its user wants none of their own. */
  at(name: string): readonly string[] | undefined;
  /** Whether its user wants the relay's account alone to order, and that cannot be told yet. */
  isUnknown(name: string): boolean;
  /** For each name of a user who wants any, a text that is another whenever the records are. */
  texts: ReadonlyMap<string, string>;
}

/** Reads which CAA records users want by now, as the store has it. Rejects as that. */
export interface NameCaaReader {
  read(): Promise<NameCaa>;
  /**
   * Has the store know with which account this relay orders, where a user asks for that. The authority may have to be
   * asked, so nobody who has the DNS's turn may wait for it.
   */
  noteIssuer(): Promise<void>;
}

/** Where {@linkcode nameCaaReader} reads. */
export interface NameCaaOptions {
  baseDomain: string;
  store: CaaStore;
  /** Tells relays of the store apart. */
  relay: string;
  /** With which account this relay orders; rejects while that cannot be told. */
  issuer: () => Promise<Issuer>;
  /** Clock in milliseconds that never goes back. @default {performance.now} */
  now?: () => number;
  /** How long the issuer is waited for. @default {5 s} */
  waitMs?: number;
  /** Told once why it could not be told. */
  onNote?: ((note: string, fields?: Record<string, unknown>) => void) | undefined;
}

/** How long an authority may take to tell its name; what it tells later holds from then on. */
const ISSUER_WAIT_MS = 5_000;

/** How often the store is told again that this relay orders, milliseconds: it forgets in a week. */
const NOTE_EVERY_MS = 86_400_000;

/** Nobody wants any. */
export const NO_CAA: NameCaa = { at: () => undefined, isUnknown: () => false, texts: new Map() };

/** Makes a {@linkcode NameCaaReader}. */
export function nameCaaReader(options: NameCaaOptions): NameCaaReader {
  const { baseDomain, store, relay, issuer, onNote } = options;
  const { now = () => performance.now(), waitMs = ISSUER_WAIT_MS } = options;
  let noted: { text: string; at: number } | undefined;
  let isTold = false;

  /** Leaves it as it was where it cannot be told. */
  async function note(): Promise<void> {
    try {
      const own = await issuer();
      // Throws for one whose words cannot stand there: that one is nobody's to let in.
      userCaaValues([own], "dns-01");
      const text = JSON.stringify(own);
      if (noted?.text !== text || now() - noted.at >= NOTE_EVERY_MS) {
        await store.noteIssuer(relay, own);
        noted = { text, at: now() };
      }
      isTold = false;
    } catch (why) {
      if (!isTold) onNote?.("users' CAA records are not brought up to date", { why });
      isTold = true;
    }
  }

  return {
    async read() {
      const users = await store.all();
      return nameCaa(baseDomain, users, users.size === 0 ? [] : await store.issuers());
    },
    async noteIssuer() {
      const users = await store.all();
      if ([...users.values()].includes("relay")) await settleWithin(waitMs, [note()]);
    },
  };
}

/** The CAA records of users who want any; those by the relays' accounts once these are known. */
export function nameCaa(
  baseDomain: string,
  users: ReadonlyMap<string, UserCaa>,
  issuers: readonly Issuer[],
): NameCaa {
  if (users.size === 0) return NO_CAA;
  const known = issuers.filter(isIssuer);
  const byRelay = known.length === 0 ? undefined : userCaaValues(known, "dns-01");
  const byUser = new Map(
    [...users].map(([username, caa]) => [
      username,
      caa === "relay" ? byRelay : userCaaValues([caa], "tls-alpn-01"),
    ]),
  );
  const userOf = (name: string): string => labelBelow(name, baseDomain)?.split(".").at(-1) ?? "";
  return {
    at: (name) => byUser.get(userOf(name)),
    isUnknown: (name) => byRelay === undefined && users.get(userOf(name)) === "relay",
    texts: new Map(
      [...byUser].map(([username, values]) => [
        `${username}.${baseDomain}`,
        JSON.stringify(values ?? null),
      ]),
    ),
  };
}

/** The users' names at which other records are wanted than before. */
export function changedNames(before: NameCaa, { texts }: NameCaa): string[] {
  const names = new Set([...before.texts.keys(), ...texts.keys()]);
  return [...names].filter((name) => before.texts.get(name) !== texts.get(name));
}
