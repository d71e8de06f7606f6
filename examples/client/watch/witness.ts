import type { JoinedVisitor } from "../data_connection.ts";
import type { KeyAndChain } from "../front/tls_end.ts";
import type { VisitorEnd } from "../visitor_end.ts";
import { keyFingerprint } from "../../../lib/pki/key_fingerprint.ts";
import { type Beginning, beginning, isSame, kept } from "./first_bytes.ts";

/** Keys of one's own that visitors may still get: a server behind `--tls-upstream` loads a new one late. */
const KEYS = 2;

/** A visitor end whose visits are looked at from this side while somebody looks from outside. */
export class Witness implements VisitorEnd {
  readonly #end: VisitorEnd;
  readonly #onVisit: () => void;
  /** Visits that began while somebody looks; undefined while nobody does. */
  #begun: Beginning[] | undefined;
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

  /** Keeps the beginnings of visits from now on; `saw` tells whether one is among them. */
  watch(): { saw: (outside: Beginning) => boolean } & Disposable {
    const begun: Beginning[] = [];
    this.#begun = begun;
    return {
      saw: (outside) => begun.some((here) => isSame(outside, here)),
      [Symbol.dispose]: () => {
        this.#begun = undefined;
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

  makeRoom(address: string | undefined): boolean {
    return this.#end.makeRoom(address);
  }

  serve(joined: JoinedVisitor): Promise<void> {
    // Who it is that comes while somebody looks is not told apart; the others count the next time.
    if (this.#begun === undefined) {
      this.#onVisit();
      return this.#end.serve(joined);
    }
    const here = beginning();
    here.fromVisitor.add(joined.head);
    this.#begun.push(here);
    return this.#end.serve({ ...joined, conn: kept(joined.conn, here) });
  }

  stop(graceMs: number): Promise<void> {
    return this.#end.stop(graceMs);
  }
}
