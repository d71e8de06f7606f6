import { BufferPool } from "./buffer_pool.ts";
import type { Duplex } from "./splice.ts";

/** Buffers for what a peer says first: room for a server's answer to a ClientHello, mostly. */
const buffers = new BufferPool(4 * 1024);

/**
 * A connection with a read always pending, so that its end is noticed while nobody uses it.
 *
 * Bytes that come early are kept and are the first that `read` returns.
 */
export class ReadAhead implements Duplex {
  readonly #conn: Duplex;
  readonly #first: Promise<number | null>;
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  #pending: Promise<number | null> | undefined;
  /** Bytes of the buffer that were returned already. */
  #taken = 0;

  /**
   * @param onEnd called when the peer ends instead of saying anything, with the error when it did
   * not end in order.
   */
  constructor(conn: Duplex, onEnd: (error?: Error) => void) {
    this.#conn = conn;
    this.#buffer = buffers.take();
    this.#pending = this.#first = conn.read(this.#buffer);
    this.#pending.then((n) => void (n === null && onEnd()), onEnd);
  }

  /** Settles as the read that is pending from the start, without taking its bytes. */
  get first(): Promise<number | null> {
    return this.#first;
  }

  read(p: Uint8Array): Promise<number | null> {
    return this.#pending === undefined ? this.#conn.read(p) : this.#readAhead(this.#pending, p);
  }

  async #readAhead(pending: Promise<number | null>, p: Uint8Array): Promise<number | null> {
    const n = await pending;
    if (n === null) return null;
    const part = this.#buffer!.subarray(this.#taken, Math.min(n, this.#taken + p.length));
    p.set(part);
    this.#taken += part.length;
    if (this.#taken === n) {
      // A joined connection lives on for days: without what it no longer needs.
      this.#pending = undefined;
      buffers.giveBack(this.#buffer!);
      this.#buffer = undefined;
    }
    return part.length;
  }

  write(p: Uint8Array): Promise<number> {
    return this.#conn.write(p);
  }

  closeWrite(): Promise<void> {
    return this.#conn.closeWrite();
  }

  close(): void {
    this.#conn.close();
  }
}
