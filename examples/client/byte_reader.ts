import type { Duplex } from "../../lib/net/splice.ts";

/** Bytes read at once. */
const CHUNK_BYTES = 64 * 1024;

/** Reads lines and byte runs from a connection, keeping what was read beyond them. */
export class ByteReader {
  readonly #conn: Pick<Duplex, "read">;
  #kept = new Uint8Array(0);

  constructor(conn: Pick<Duplex, "read">) {
    this.#conn = conn;
  }

  /** The next bytes, at most `max` of them; null at the end. */
  async some(max: number): Promise<Uint8Array<ArrayBuffer> | null> {
    if (this.#kept.length === 0 && !(await this.#more())) return null;
    const taken = this.#kept.subarray(0, max);
    this.#kept = this.#kept.subarray(taken.length);
    return taken;
  }

  /**
   * The next line, one character a byte, without its line end.
   *
   * @throws {RangeError} if it is longer than `max` bytes.
   * @throws {Error} if the connection ends within it.
   */
  async line(max: number): Promise<string> {
    let searched = 0;
    while (true) {
      const end = this.#kept.indexOf(0x0a, searched);
      if (end > max || (end === -1 && this.#kept.length > max)) {
        throw new RangeError(`Cannot read line: it is longer than ${max} bytes`);
      }
      if (end !== -1) {
        const line = String.fromCharCode(...this.#kept.subarray(0, end)).replace(/\r$/, "");
        this.#kept = this.#kept.subarray(end + 1);
        return line;
      }
      searched = this.#kept.length;
      if (!(await this.#more())) throw new Error("Cannot read line: the connection ended");
    }
  }

  async #more(): Promise<boolean> {
    const chunk = new Uint8Array(CHUNK_BYTES);
    const n = await this.#conn.read(chunk);
    if (n === null) return false;
    if (this.#kept.length === 0) {
      this.#kept = chunk.subarray(0, n);
    } else {
      const joined = new Uint8Array(this.#kept.length + n);
      joined.set(this.#kept);
      joined.set(chunk.subarray(0, n), this.#kept.length);
      this.#kept = joined;
    }
    return true;
  }
}
