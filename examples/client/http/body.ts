import type { ByteReader } from "./byte_reader.ts";
import { type Field, listOf, trimmed, valuesOf, without } from "./fields.ts";
import {
  type AnswerHead,
  MalformedHead,
  MAX_FIELDS,
  MAX_HEAD_BYTES,
  parseTrailer,
  type RequestHead,
} from "./head.ts";

/** Longest line of a chunk's size or of a trailer, bytes. */
const MAX_LINE_BYTES = 16 * 1024;

/** Most bytes of a body that are taken at once. */
const PIECE_BYTES = 256 * 1024;

/** Most bytes of small chunks that are taken together: each piece costs a write, and others wait for all of them. */
const TOGETHER_BYTES = 64 * 1024;

/** The end of a chunk, and the size of the next one that has bytes and fits. */
const NEXT_SMALL_CHUNK = /^\r\n0{0,4}([1-9a-f][\da-f]{0,3})\r\n/i;

/** How the end of a body is told (RFC 9112 section 6.3). */
export type Framing =
  | { kind: "none" }
  | { kind: "length"; length: number }
  | { kind: "chunked" }
  /** By the end of the connection. */
  | { kind: "close" };

/** The body of a message, without its framing. */
export interface Body {
  /** Bytes in all, where that was announced. */
  readonly length: number | undefined;
  /** Whether all of it was read. */
  readonly ended: boolean;
  /** Whether some of it can be read without waiting, or nearly so. */
  readonly ready: boolean;
  /** Fields that came behind it; complete once it has ended. */
  readonly trailers: readonly Field[];
  /**
   * The next piece, good until the next call; null at the end.
   *
   * @throws {Error} if the connection ends too soon or the framing is broken.
   */
  read(): Promise<Uint8Array | null>;
}

/**
 * How the body of a request is framed.
 *
 * @throws {MalformedHead} if two programs could read it in two ways.
 */
export function requestFraming({ version, fields }: RequestHead): Framing {
  const lengths = valuesOf(fields, "content-length");
  const codings = listOf(fields, "transfer-encoding");
  if (valuesOf(fields, "transfer-encoding").length > 0) {
    if (lengths.length > 0 || version === "1.0") {
      throw new MalformedHead("Cannot read request: its body is framed in two ways");
    }
    // No other coding tells the end, known or not (RFC 9112 section 6.3).
    if (codings.at(-1) !== "chunked") {
      throw new MalformedHead("Cannot read request: its body has no end");
    }
    if (codings.length > 1) {
      throw new MalformedHead(`Cannot read request: its transfer coding is ${codings}`, 501);
    }
    return { kind: "chunked" };
  }
  return lengths.length === 0 ? { kind: "none" } : { kind: "length", length: lengthOf(lengths) };
}

/**
 * How the body of an answer to `method` is framed.
 *
 * @throws {MalformedHead} if it cannot be told.
 */
export function answerFraming(method: string, { status, fields }: AnswerHead): Framing {
  // 205 is framed like any other (RFC 9110 section 15.3.6 asks for an empty body, not for none).
  if (method === "HEAD" || status < 200 || status === 204 || status === 304) {
    return { kind: "none" };
  }
  // What is said again, by a framework and by its app, is meant once; identity is an obsolete word for
  // no coding at all.
  const codings = [...new Set(listOf(fields, "transfer-encoding"))]
    .filter((coding) => coding !== "identity");
  if (codings.length > 0) {
    if (codings.length === 1 && codings[0] === "chunked") return { kind: "chunked" };
    throw new MalformedHead(`Cannot read answer: its transfer coding is ${codings}`);
  }
  const lengths = valuesOf(fields, "content-length");
  return lengths.length === 0 ? { kind: "close" } : { kind: "length", length: lengthOf(lengths) };
}

function lengthOf(values: string[]): number {
  const length = toldLength(values);
  if (length === undefined) throw new MalformedHead("Cannot read body: its length is malformed");
  return length;
}

/** One length, which may have been said several times (RFC 9110 section 8.6); undefined for none. */
function toldLength(values: string[]): number | undefined {
  const [length = "", ...others] = new Set(
    values.flatMap((value) => value.split(",")).map((value) => trimmed(value).replace(/^0+\B/, "")),
  );
  return others.length > 0 || !/^\d{1,15}$/.test(length) ? undefined : Number(length);
}

/** The fields with how the body is framed put anew: never said in two ways, never twice. */
export function framed(fields: readonly Field[], framing: Framing): Field[] {
  const others = without(
    fields,
    (name) => name === "content-length" || name === "transfer-encoding",
  );
  switch (framing.kind) {
    case "length":
      return [...others, ["Content-Length", String(framing.length)]];
    case "chunked":
      return [...others, ["Transfer-Encoding", "chunked"]];
    default:
      return others;
  }
}

/**
 * The fields of an answer to `method`, framed anew; where there is no body, a length may tell what
 * there would have been (RFC 9110 section 8.6).
 */
export function framedAnswer(
  method: string,
  { status, fields }: AnswerHead,
  framing: Framing,
): Field[] {
  const tells = framing.kind === "none" && status !== 204 &&
    (method === "HEAD" || status === 304);
  const length = tells ? toldLength(valuesOf(fields, "content-length")) : undefined;
  return framed(fields, length === undefined ? framing : { kind: "length", length });
}

/** Reads a body from a connection by its framing. */
export class FramedBody implements Body {
  readonly length: number | undefined;
  readonly trailers: Field[] = [];
  readonly #reader: ByteReader;
  readonly #framing: Framing;
  readonly #parseTrailers: (lines: readonly string[]) => Field[];
  /** Bytes of the body, or of its chunk, that are still to come. */
  #left = 0;
  #ended: boolean;
  #inChunk = false;

  /** @param parseTrailers reads the lines of the trailer section. @default as strictly as a visitor's */
  constructor(
    reader: ByteReader,
    framing: Framing,
    parseTrailers = (lines: readonly string[]): Field[] => lines.map(parseTrailer),
  ) {
    this.#reader = reader;
    this.#framing = framing;
    this.#parseTrailers = parseTrailers;
    if (framing.kind === "length") this.#left = this.length = framing.length;
    this.#ended = framing.kind === "none" || this.length === 0;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get ready(): boolean {
    if (this.#ended || this.#reader.kept === 0) return false;
    return this.#framing.kind !== "chunked" || this.#reader.hasLine();
  }

  async read(): Promise<Uint8Array | null> {
    if (this.#ended) return null;
    if (this.#framing.kind === "chunked" && this.#left === 0 && !(await this.#nextChunk())) {
      return null;
    }
    const untilClose = this.#framing.kind === "close";
    const piece = await this.#reader.some(
      untilClose ? PIECE_BYTES : Math.min(this.#left, PIECE_BYTES),
    );
    if (piece === null) {
      if (!untilClose) throw new Error("Cannot read body: the connection ended in it");
      this.#ended = true;
      return null;
    }
    if (untilClose) return piece;
    this.#left -= piece.length;
    if (this.#left > 0) return piece;
    if (this.#framing.kind === "chunked") return this.#withChunksBehind(piece);
    this.#ended = true;
    return piece;
  }

  /** The last piece of a chunk, and the whole chunks behind it that were read already, if they are small. */
  #withChunksBehind(first: Uint8Array): Uint8Array {
    const reader = this.#reader;
    const room = Math.min(first.length + reader.kept, TOGETHER_BYTES);
    let pieces: Uint8Array | undefined;
    let length = first.length;
    while (true) {
      const [framing, size] = NEXT_SMALL_CHUNK.exec(reader.peek(12)) ?? [];
      const bytes = parseInt(size ?? "", 16);
      if (framing === undefined || length + bytes > room || framing.length + bytes > reader.kept) {
        break;
      }
      if (pieces === undefined) (pieces = new Uint8Array(room)).set(first);
      reader.now(framing.length);
      pieces.set(reader.now(bytes), length);
      length += bytes;
    }
    return pieces?.subarray(0, length) ?? first;
  }

  /** Goes on to the next chunk's bytes; false where the last one is over. */
  async #nextChunk(): Promise<boolean> {
    if (this.#inChunk && await this.#reader.line(2) !== "") {
      throw new Error("Cannot read body: a chunk has no end");
    }
    const line = await this.#reader.line(MAX_LINE_BYTES);
    const size = /^0*[\da-f]{1,12}(?=[ \t]*(?:;|$))/i.exec(line)?.[0];
    if (size === undefined) throw new Error("Cannot read body: a chunk has no size");
    this.#left = parseInt(size, 16);
    this.#inChunk = true;
    if (this.#left > 0) return true;
    const lines: string[] = [];
    let bytes = 0;
    for (let line; (line = await this.#reader.line(MAX_LINE_BYTES)) !== "";) {
      bytes += line.length;
      if (lines.push(line) > MAX_FIELDS || bytes > MAX_HEAD_BYTES) {
        throw new Error("Cannot read body: too many trailers");
      }
    }
    this.trailers.push(...this.#parseTrailers(lines));
    this.#ended = true;
    return false;
  }
}
