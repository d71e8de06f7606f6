import { Buffer } from "node:buffer";
import type { Duplex } from "../../../lib/net/splice.ts";
import { MalformedHead } from "./head.ts";

/** Bytes of a buffer that waits: most heads fit. */
const FIRST_BYTES = 4 * 1024;

/** Largest buffer: full reads make it grow, since each read costs a turn of the event loop. */
const LARGEST_BYTES = 256 * 1024;

const LF = 0x0a;
const CR = 0x0d;

/**
 * Reads heads, lines and byte runs from a connection, keeping what was read beyond them.
 *
 * What it returns are views on one buffer of its own, good until its next call.
 */
export class ByteReader {
  readonly #conn: Pick<Duplex, "read">;
  #buffer: Buffer<ArrayBuffer> = Buffer.alloc(0);
  #start = 0;
  #end = 0;
  /** Whether the last read filled all the room there was. */
  #full = false;

  constructor(conn: Pick<Duplex, "read">) {
    this.#conn = conn;
  }

  /** Bytes that were read and not taken yet. */
  get kept(): number {
    return this.#end - this.#start;
  }

  /** The next bytes, at most `max` of them; null at the end. */
  async some(max: number): Promise<Uint8Array<ArrayBuffer> | null> {
    if (this.kept === 0 && !(await this.#more())) return null;
    return plain(this.#take(Math.min(max, this.kept)));
  }

  /** So many bytes; null where the connection ends before them. */
  async exactly(length: number): Promise<Uint8Array<ArrayBuffer> | null> {
    while (this.kept < length) if (!(await this.#more())) return null;
    return plain(this.#take(length));
  }

  /** The next of what was read, at most `max` bytes, one character a byte; it is not taken by that. */
  peek(max: number): string {
    return this.#kept().toString("latin1", 0, max);
  }

  /** So many bytes of what was read. */
  now(length: number): Uint8Array<ArrayBuffer> {
    return plain(this.#take(length));
  }

  /** What was read and not taken yet. */
  rest(): Uint8Array<ArrayBuffer> {
    return plain(this.#take(this.kept));
  }

  /** Whether a whole line was read and not taken yet. */
  hasLine(): boolean {
    return this.#kept().includes(LF);
  }

  /**
   * The next line, one character a byte, without its line end.
   *
   * @throws {MalformedHead} if it is longer than `max` bytes.
   * @throws {Error} if the connection ends within it.
   */
  async line(max: number): Promise<string> {
    for (let searched = 0;;) {
      const end = this.#kept().indexOf(LF, searched);
      if (end > max || (end === -1 && this.kept > max)) {
        throw new MalformedHead(`Cannot read line: it is longer than ${max} bytes`, 431);
      }
      if (end !== -1) {
        const line = this.#take(end + 1).toString("latin1", 0, end);
        return line.endsWith("\r") ? line.slice(0, -1) : line;
      }
      searched = this.kept;
      if (!(await this.#more())) throw new Error("Cannot read line: the connection ended");
    }
  }

  /**
   * The head of a message without the empty line that ends it, one character a byte; null where the
   * connection ends before its first byte. Empty lines before it are passed over (RFC 9112 2.2).
   *
   * @param told `onFirst` once its first byte is there, `onLine` once its first line is, which it may refuse.
   * @throws {MalformedHead} if it is longer than `max` bytes, the empty line included.
   * @throws {Error} if the connection ends within it.
   */
  async head(
    max: number,
    told: { onFirst?: () => void; onLine?: (line: string) => void } = {},
  ): Promise<string | null> {
    while (true) {
      while (this.kept > 0 && (this.#at(0) === CR || this.#at(0) === LF)) this.#start++;
      if (this.kept > 0) break;
      if (!(await this.#more())) return null;
    }
    told.onFirst?.();
    for (let searched = 0;;) {
      const kept = this.#kept();
      for (let at; (at = kept.indexOf(LF, searched)) !== -1;) {
        if (searched === 0) told.onLine?.(kept.toString("latin1", 0, at));
        searched = at + 1;
        const empty = kept[at + 1] === CR ? 2 : 1;
        if (at + empty >= kept.length) {
          // The next line begins with what is not here yet.
          searched = at;
          break;
        }
        if (kept[at + empty] !== LF) continue;
        if (at + empty >= max) break;
        const head = this.#take(at + empty + 1);
        return head.toString("latin1", 0, head[at - 1] === CR ? at - 1 : at);
      }
      if (this.kept >= max) {
        throw new MalformedHead(`Cannot read head: it is longer than ${max} bytes`, 431);
      }
      if (!(await this.#more())) throw new Error("Cannot read head: the connection ended in it");
    }
  }

  /** Lets go of a buffer that is larger than waiting takes, if nothing is in it. */
  relax(): void {
    if (this.kept === 0 && this.#buffer.length > FIRST_BYTES) this.#buffer = Buffer.alloc(0);
  }

  #at(index: number): number {
    return this.#buffer[this.#start + index]!;
  }

  #kept(): Buffer<ArrayBuffer> {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  #take(length: number): Buffer<ArrayBuffer> {
    const taken = this.#buffer.subarray(this.#start, this.#start + length);
    this.#start += length;
    return taken;
  }

  async #more(): Promise<boolean> {
    if (this.kept === 0) this.#start = this.#end = 0;
    this.#makeRoom();
    const room = this.#buffer.subarray(this.#end);
    const n = await this.#conn.read(room);
    if (n === null) return false;
    this.#full = n === room.length;
    this.#end += n;
    return true;
  }

  /** Sees to it that there is room to read into. What was handed out before is no longer good. */
  #makeRoom(): void {
    const { length } = this.#buffer;
    const kept = this.#kept();
    const grows = kept.length > length / 2 || (kept.length === 0 && this.#full);
    if (length === 0) {
      this.#buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
    } else if (grows && length < LARGEST_BYTES) {
      this.#move(Buffer.allocUnsafeSlow(length * 2), kept);
    } else if (this.#end === length) {
      this.#move(this.#buffer, kept);
    }
  }

  #move(to: Buffer<ArrayBuffer>, kept: Uint8Array): void {
    to.set(kept);
    this.#buffer = to;
    this.#start = 0;
    this.#end = kept.length;
  }
}

/** The same bytes as a plain array, whose `slice` is a copy: a `Buffer`'s is another view. */
function plain({ buffer, byteOffset, length }: Buffer<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer, byteOffset, length);
}
