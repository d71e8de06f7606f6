import { latin1 } from "../../lib/wire/latin1.ts";

/** Bytes, or text of which each character is one byte. */
export type Bytes = string | Uint8Array;

/** How much of what was read is kept to be looked at; bulk is counted only. */
const MAX_KEPT_BYTES = 1024 * 1024;

/** Turns text of characters below 256 into as many bytes. */
export function bytesOf(content: Bytes): Uint8Array<ArrayBuffer> {
  if (typeof content !== "string") return new Uint8Array(content);
  return Uint8Array.from(content, (c) => c.charCodeAt(0));
}

/**
 * One end of a connection, TCP or TLS, whose bytes are read and written as they are.
 *
 * Every byte that came is kept in {@linkcode Wire.received}, up to a mebibyte.
 */
export class Wire {
  /** What came so far, as text of one byte a character. */
  received = "";
  /** How many bytes came so far. */
  receivedBytes = 0;
  /** How many bytes were sent so far. */
  sentBytes = 0;
  /** Whether the other side has ended its stream. */
  ended = false;
  readonly #conn: Deno.TcpConn | Deno.TlsConn;
  readonly #chunk = new Uint8Array(64 * 1024);
  #pending = new Uint8Array(0);

  constructor(conn: Deno.TcpConn | Deno.TlsConn) {
    this.#conn = conn;
  }

  /** Writes everything, text as one byte a character. */
  async send(content: Bytes): Promise<void> {
    let left: Uint8Array = bytesOf(content);
    while (left.length > 0) {
      const n = await this.#conn.write(left);
      this.sentBytes += n;
      left = left.subarray(n);
    }
  }

  /** Ends this side of the stream; the other may go on. */
  async finish(): Promise<void> {
    await this.#conn.closeWrite();
  }

  /** Closes both sides. */
  close(): void {
    try {
      this.#conn.close();
    } catch {
      // Closed before.
    }
  }

  /** The next bytes, as many as there are; undefined at the end of the stream. */
  async some(): Promise<Uint8Array | undefined> {
    if (this.#pending.length > 0) {
      const some = this.#pending;
      this.#pending = new Uint8Array(0);
      return some;
    }
    return await this.#read();
  }

  /** Exactly `n` bytes; fewer only when the stream ended before. */
  async take(n: number): Promise<Uint8Array> {
    while (this.#pending.length < n && await this.#more());
    const taken = this.#pending.slice(0, n);
    this.#pending = this.#pending.slice(taken.length);
    return taken;
  }

  /** Reads and drops `n` bytes; tells how many came. */
  async skip(n: number): Promise<number> {
    let came = 0;
    while (came < n) {
      const some = await this.some();
      if (some === undefined) break;
      const used = some.subarray(0, n - came);
      came += used.length;
      this.#pending = some.slice(used.length);
    }
    return came;
  }

  /** Text up to and with the first match of `end`; undefined when the stream ended before. */
  async until(end: RegExp): Promise<string | undefined> {
    while (true) {
      const text = latin1(this.#pending);
      const found = end.exec(text);
      if (found !== null) {
        const length = found.index + found[0].length;
        this.#pending = this.#pending.slice(length);
        return text.slice(0, length);
      }
      if (!await this.#more()) return undefined;
    }
  }

  /** Everything up to the end of the stream. */
  async rest(): Promise<Uint8Array> {
    while (await this.#more());
    return await this.take(this.#pending.length);
  }

  async #more(): Promise<boolean> {
    const some = await this.#read();
    if (some === undefined) return false;
    const longer = new Uint8Array(this.#pending.length + some.length);
    longer.set(this.#pending);
    longer.set(some, this.#pending.length);
    this.#pending = longer;
    return true;
  }

  async #read(): Promise<Uint8Array | undefined> {
    if (this.ended) return undefined;
    const n = await this.#conn.read(this.#chunk).catch((error) => {
      // TLS that ends without saying so, which HTTP's own framing tells from a whole answer.
      if (error instanceof Deno.errors.UnexpectedEof) return null;
      throw error;
    });
    if (n === null) {
      this.ended = true;
      return undefined;
    }
    const some = this.#chunk.slice(0, n);
    this.receivedBytes += n;
    if (this.received.length < MAX_KEPT_BYTES) this.received += latin1(some);
    return some;
  }
}
