import { latin1 } from "./latin1.ts";

/** As much of a header line as is looked at: the fields that matter are shorter. */
const MAX_LINE_BYTES = 128;

const LF = 0x0a;

/** What is expected next of a connection of HTTP/1. */
type Expected =
  /** A request line, or empty lines before one (RFC 9112 section 2.2). */
  | { kind: "request" }
  | { kind: "fields" }
  /** So many bytes of a body or of a chunk, then `next`. */
  | { kind: "bytes"; left: number; next: "request" | "chunk" }
  | { kind: "chunk" }
  | { kind: "trailers" }
  /** Whatever comes: a WebSocket, or what cannot be followed. */
  | { kind: "raw" };

/**
 * Follows the requests of a connection of HTTP/1 and finds where their lines end (RFC 9112 sections 2.2,
 * 6 and 7.1).
 *
 * It judges nothing: what it cannot follow it takes for something else than requests.
 */
export class RequestFrames {
  #expected: Expected = { kind: "request" };
  /** The line that has begun, as far as it is looked at. */
  #line = "";
  #length = 0;
  #chunked = false;
  #upgrade = false;

  /** Whether there is nothing more to find. */
  get isRaw(): boolean {
    return this.#expected.kind === "raw";
  }

  /** Follows the next bytes; returns behind which of them a request line has ended. */
  push(bytes: Uint8Array): number[] {
    const found: number[] = [];
    for (let at = 0; at < bytes.length && !this.isRaw;) {
      const expected = this.#expected;
      if (expected.kind === "bytes") {
        const taken = Math.min(expected.left, bytes.length - at);
        at += taken;
        expected.left -= taken;
        if (expected.left === 0) this.#expected = { kind: expected.next };
        continue;
      }
      const newline = bytes.indexOf(LF, at);
      const end = newline === -1 ? bytes.length : newline + 1;
      const room = MAX_LINE_BYTES - this.#line.length;
      if (room > 0) this.#line += latin1(bytes.subarray(at, Math.min(end, at + room)), 0);
      at = end;
      if (newline === -1) break;
      const line = this.#line.replace(/\r?\n$/, "");
      this.#line = "";
      if (this.#endLine(line)) found.push(end);
    }
    return found;
  }

  /** Whether it was a request line. */
  #endLine(line: string): boolean {
    switch (this.#expected.kind) {
      case "request":
        if (line === "") return false;
        this.#length = 0;
        this.#chunked = this.#upgrade = false;
        this.#expected = { kind: "fields" };
        return true;
      case "fields":
        if (line === "") this.#expected = this.#afterHead();
        else this.#noteField(line.toLowerCase());
        return false;
      case "chunk": {
        const size = parseInt(line, 16);
        if (size === 0) this.#expected = { kind: "trailers" };
        else if (!(size <= Number.MAX_SAFE_INTEGER)) this.#expected = { kind: "raw" };
        // Its line end included.
        else this.#expected = { kind: "bytes", left: size + 2, next: "chunk" };
        return false;
      }
      default:
        if (line === "") this.#expected = { kind: "request" };
        return false;
    }
  }

  #noteField(line: string): void {
    if (line.startsWith("content-length:")) this.#length = Number(line.slice(15).trim());
    else if (line.startsWith("transfer-encoding:")) this.#chunked = true;
    else if (line.startsWith("upgrade:")) this.#upgrade = line.includes("websocket");
  }

  #afterHead(): Expected {
    if (this.#upgrade || !(this.#length <= Number.MAX_SAFE_INTEGER)) return { kind: "raw" };
    if (this.#chunked) return { kind: "chunk" };
    if (this.#length > 0) return { kind: "bytes", left: this.#length, next: "request" };
    return { kind: "request" };
  }
}
