import type { JoinedVisitor } from "../data_connection.ts";
import type { KeyAndChain } from "../front/tls_end.ts";
import type { VisitorEnd } from "../visitor_end.ts";
import { keyFingerprint } from "../../../lib/pki/key_fingerprint.ts";
import { Beginning, isSame, kept, maybeSame } from "./first_bytes.ts";

/** Keys of one's own that visitors may still get: a server behind `--tls-upstream` loads a new one late. */
const KEYS = 2;

/** Visits that are looked at at once; all but the one's from outside are told apart by their ClientHello. */
const MAX_WATCHED = 64;

/** A visitor end whose visits are looked at from this side while somebody looks from outside. */
export class Witness implements VisitorEnd {
  readonly #end: VisitorEnd;
  readonly #onVisit: () => void;
  /** How the connection from outside began, and the visits that may be it; undefined while nobody looks. */
  #watched: { outside: Beginning; begun: Set<Beginning> } | undefined;
  #keys: string[] = [];

  /** @param onVisit called when somebody visits, oneself apart. */
  constructor(end: VisitorEnd, onVisit: () => void) {
    this.#end = end;
    this.#onVisit = onVisit;
  }

  /** Whether this is the fingerprint of a key that visitors get here. */
  isOwnKey(key: string): boolean {
    return this.#keys.includes(key);
  }

  /**
   * Looks from now on for a visit that begins as a connection outside does; `saw` tells whether there was one.
   *
   * @param outside what is known of that connection so far; is added to before the relay passes it on.
   */
  watch(outside: Beginning): { saw: () => boolean } & Disposable {
    const begun = new Set<Beginning>();
    this.#watched = { outside, begun };
    return {
      saw: () => begun.values().some((here) => isSame(outside, here)),
      [Symbol.dispose]: () => {
        this.#watched = undefined;
        for (const here of begun) here.forget();
      },
    };
  }

  get connections(): number {
    return this.#end.connections;
  }

  use(identity: KeyAndChain): Promise<void> {
    const key = keyFingerprint(identity.chain);
    this.#keys = [key, ...this.#keys.filter((other) => other !== key)].slice(0, KEYS);
    return this.#end.use(identity);
  }

  renew(): void {
    this.#end.renew();
  }

  makeRoom(address: string | undefined): boolean {
    return this.#end.makeRoom(address);
  }

  serve(joined: JoinedVisitor): Promise<void> {
    // Who it is that comes while somebody looks is not told apart; the others count the next time.
    if (this.#watched === undefined) {
      this.#onVisit();
      return this.#end.serve(joined);
    }
    const { outside, begun } = this.#watched;
    const here = new Beginning();
    const tellApart = (): void => {
      if (maybeSame(outside, here)) return;
      begun.delete(here);
      here.forget();
    };
    begun.add(here);
    here.fromVisitor.add(joined.head);
    tellApart();
    if (begun.size > MAX_WATCHED) begun.delete(here);
    if (!begun.has(here)) return this.#end.serve(joined);
    return this.#end.serve({ ...joined, conn: kept(joined.conn, here, tellApart) });
  }

  stop(graceMs: number): Promise<void> {
    return this.#end.stop(graceMs);
  }
}
