import { Buffer } from "node:buffer";
import { type Duplex, writeAll } from "../../../lib/net/splice.ts";
import type { Field } from "./fields.ts";
import type { Framing } from "./body.ts";

const NOTHING = new Uint8Array();

/** Writes a body by its framing; what is written together is written at once. */
export class BodyWriter {
  readonly #conn: Duplex;
  readonly #chunked: boolean;
  #left: number;

  /** @param framing `none` and `close` are written as they come. */
  constructor(conn: Duplex, framing: Framing) {
    this.#conn = conn;
    this.#chunked = framing.kind === "chunked";
    this.#left = framing.kind === "length" ? framing.length : Infinity;
  }

  /**
   * Writes a piece, behind `head` if there is one.
   *
   * @throws {Error} if it is more than was announced, or the connection fails.
   */
  async write(piece: Uint8Array, head: Uint8Array = NOTHING): Promise<void> {
    this.#left -= piece.length;
    if (this.#left < 0) throw new Error("Cannot write body: it is longer than was announced");
    if (piece.length === 0) return await this.#writeTogether(head);
    if (!this.#chunked) return await this.#writeTogether(head, piece);
    const size = Buffer.from(`${piece.length.toString(16)}\r\n`, "latin1");
    await this.#writeTogether(head, size, piece, Buffer.from("\r\n"));
  }

  /**
   * Ends the body.
   *
   * @throws {Error} if some of it is missing, or the connection fails.
   */
  async finish(trailers: readonly Field[]): Promise<void> {
    if (this.#left > 0 && this.#left !== Infinity) {
      throw new Error(`Cannot end body: ${this.#left} bytes of it are missing`);
    }
    if (!this.#chunked) return;
    const fields = trailers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    await this.#writeTogether(Buffer.from(`0\r\n${fields}\r\n`, "latin1"));
  }

  async #writeTogether(...parts: Uint8Array[]): Promise<void> {
    const some = parts.filter((part) => part.length > 0);
    if (some.length > 0) {
      await writeAll(this.#conn, some.length === 1 ? some[0]! : Buffer.concat(some));
    }
  }
}
