import { latin1 } from "./latin1.ts";

/** As much of a field's line as is looked at: those that matter are shorter. */
const MAX_LINE_BYTES = 128;

const LF = 0x0a;
const CR = 0x0d;

/** What is expected next of a connection of HTTP/1. */
type Expected =
  /** A request line, or empty lines before one (RFC 9112 section 2.2). */
  | "request"
  | "fields"
  /** Bytes of a body, or of a chunk and its line end. */
  | "body"
  | "chunk-data"
  | "chunk-size"
  | "trailers"
  /** Whatever comes: a WebSocket, or what cannot be followed. */
  | "raw";

/** What was found in bytes: how many of them the end is behind; absent where it is not in them. */
export interface FramesStep {
  /** The end of a request's line. */
  lineEnd: number | undefined;
  /** The end of a request, body included; the bytes behind it were not looked at. */
  end: number | undefined;
}

/**
 * Follows the requests of a connection of HTTP/1 and finds where their lines end, and they themselves
 * (RFC 9112 sections 2.2, 6 and 7.1).
 *
 * It judges nothing: what it cannot follow it takes for something else than requests. A body costs no
 * memory, however small the chunks are in which it comes.
 */
export class RequestFrames {
  #expected: Expected = "request";
  /** Bytes of the body or the chunk that are still to come. */
  #left = 0;
  /** Bytes of the line that has begun, line ends not counted. */
  #lineBytes = 0;
  /** The field's line that has begun, as far as it is looked at. */
  #field = "";
  /** The chunk's size, as far as its digits have come. */
  #size = 0;
  #sizeEnded = false;
  #length = 0;
  #chunked = false;
  #upgrade = false;

  /** Whether there is nothing more to find. */
  get isRaw(): boolean {
    return this.#expected === "raw";
  }

  /** Whether a request may begin with the next byte. */
  get isBetween(): boolean {
    return this.#expected === "request" && this.#lineBytes === 0;
  }

  /** Follows the next bytes, up to the end of a request if one ends in them. */
  push(bytes: Uint8Array): FramesStep {
    let lineEnd: number | undefined;
    let at = 0;
    while (at < bytes.length && this.#expected !== "raw") {
      const before = this.#expected;
      if (this.#expected === "body" || this.#expected === "chunk-data") {
        const taken = Math.min(this.#left, bytes.length - at);
        at += taken;
        this.#left -= taken;
        if (this.#left === 0) {
          this.#expected = this.#expected === "body" ? "request" : "chunk-size";
        }
      } else if (this.#expected === "chunk-size") {
        this.#readSize(bytes[at++]!);
      } else {
        const newline = bytes.indexOf(LF, at);
        const end = newline === -1 ? bytes.length : newline;
        this.#readLine(bytes, at, end);
        at = Math.min(bytes.length, end + 1);
        if (newline !== -1 && this.#endLine()) lineEnd = at;
      }
      if (this.#expected === "request" && before !== "request") return { lineEnd, end: at };
    }
    return { lineEnd, end: undefined };
  }

  /** Reads a byte of the line that a chunk begins with: hexadecimal digits, maybe more behind them. */
  #readSize(byte: number): void {
    if (byte === LF) {
      const size = this.#size;
      this.#size = 0;
      this.#sizeEnded = false;
      // Its line end is part of it.
      this.#left = size + 2;
      if (size === 0) this.#expected = "trailers";
      else this.#expected = size <= Number.MAX_SAFE_INTEGER ? "chunk-data" : "raw";
    } else if (!this.#sizeEnded) {
      const digit = hexDigit(byte);
      if (digit >= 0) this.#size = this.#size * 16 + digit;
      else this.#sizeEnded = true;
    }
  }

  #readLine(bytes: Uint8Array, at: number, end: number): void {
    for (let i = at; i < end; i++) if (bytes[i] !== CR) this.#lineBytes++;
    const room = MAX_LINE_BYTES - this.#field.length;
    if (this.#expected === "fields" && room > 0) {
      this.#field += latin1(bytes, at, Math.min(end, at + room));
    }
  }

  /** Whether it was a request line. */
  #endLine(): boolean {
    const isEmpty = this.#lineBytes === 0;
    this.#lineBytes = 0;
    if (this.#expected === "request") {
      if (isEmpty) return false;
      this.#length = 0;
      this.#chunked = this.#upgrade = false;
      this.#expected = "fields";
      return true;
    }
    if (this.#expected === "trailers") {
      if (isEmpty) this.#expected = "request";
    } else if (isEmpty) {
      this.#endHead();
    } else {
      this.#noteField(this.#field.toLowerCase());
    }
    this.#field = "";
    return false;
  }

  #noteField(line: string): void {
    if (line.startsWith("content-length:")) this.#length = Number(line.slice(15).trim());
    else if (line.startsWith("transfer-encoding:")) this.#chunked = true;
    else if (line.startsWith("upgrade:")) this.#upgrade = line.includes("websocket");
  }

  #endHead(): void {
    this.#left = this.#length;
    if (this.#upgrade || !(this.#length <= Number.MAX_SAFE_INTEGER)) this.#expected = "raw";
    else if (this.#chunked) this.#expected = "chunk-size";
    else this.#expected = this.#length > 0 ? "body" : "request";
  }
}

/** The value of a hexadecimal digit; -1 for any other byte. */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
