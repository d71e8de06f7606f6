import { latin1 } from "./latin1.ts";

/** What HTTP/2 begins with (RFC 9113 section 3.4), as far as no HTTP/1.1 request does. */
const HTTP2_PREFACE = new TextEncoder().encode("PRI * HTTP/2");

/**
 * Longest head that is passed on: below what the runtime's server takes, which answers what is above
 * its own limits with a plain 400.
 */
export const MAX_HEAD_BYTES = 60 * 1024;

/** Most lines of a head, likewise. */
export const MAX_HEAD_LINES = 120;

/** Bytes at the end of a request line that its version is read from, its line end included. */
const VERSION_BYTES = "HTTP/1.0\r\n".length;

/** Why a connection's beginning is not passed on. */
export type StartFault =
  /** HTTP/2 where HTTP/1.1 was agreed on. */
  | "http2"
  /** A request line without an end (RFC 9112 section 3: 414). */
  | "long-target"
  /** A head without an end (RFC 6585 section 5: 431). */
  | "large-head";

/** What is to be done with bytes of a connection's beginning. */
export type StartStep =
  /**
   * `held` goes to the server first: it was held back. `end` is where the head ends in the bytes, absent
   * when it does not end in them.
   */
  | { state: "pass"; held: Uint8Array; end?: number }
  /** The bytes may still become an HTTP/2 preface: they are held back. */
  | { state: "hold" }
  | { state: "refuse"; fault: StartFault };

const NOTHING = new Uint8Array(0);

/**
 * Watches the head of a connection's first request as it passes to a server that also speaks HTTP/2.
 *
 * That server takes a connection for HTTP/2 by its first bytes, in however many pieces they come. So
 * they are held back until they cannot be a preface any more; the rest is only looked at.
 */
export class RequestStart {
  /** Bytes of the preface that the connection began with and that are held back. */
  #held = 0;
  #undecided = true;
  #bytes = 0;
  #lines = 0;
  /** The request line's last bytes, as far as it has come. */
  #lineEnd = "";
  #empty = true;
  #done = false;
  #tooLarge = false;

  /** Whether the head is over: there is nothing more to watch. */
  get done(): boolean {
    return this.#done;
  }

  /** Whether the request line, which has come to its end, says HTTP/1.0. */
  get isHttp10(): boolean {
    return /HTTP\/1\.0\r?\n$/.test(this.#lineEnd);
  }

  /** Looks at the next bytes. Keeps no reference to them. */
  push(bytes: Uint8Array): StartStep {
    let held: Uint8Array = NOTHING;
    if (this.#undecided) {
      const step = this.#decide(bytes);
      if (step.state !== "pass") return step;
      held = step.held;
      this.#look(held);
    }
    const end = this.#look(bytes);
    if (this.#tooLarge) {
      return { state: "refuse", fault: this.#lines === 0 ? "long-target" : "large-head" };
    }
    return { state: "pass", held, ...(this.#done && { end }) };
  }

  /** What is held back when no more bytes come. */
  end(): Uint8Array {
    return this.#undecided ? HTTP2_PREFACE.subarray(0, this.#held) : NOTHING;
  }

  #decide(bytes: Uint8Array): StartStep {
    const held = this.#held;
    const rest = HTTP2_PREFACE.subarray(held, held + bytes.length);
    if (rest.every((byte, i) => byte === bytes[i])) {
      this.#held += rest.length;
      return this.#held < HTTP2_PREFACE.length
        ? { state: "hold" }
        : { state: "refuse", fault: "http2" };
    }
    this.#undecided = false;
    return { state: "pass", held: HTTP2_PREFACE.subarray(0, held) };
  }

  /** Counts lines and bytes up to the empty line that ends the head; tells how far it looked. */
  #look(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length && !this.#done && !this.#tooLarge) {
      const newline = bytes.indexOf(0x0a, at);
      const end = newline === -1 ? bytes.length : newline + 1;
      const line = bytes.subarray(at, end);
      this.#bytes += line.length;
      if (!line.every((byte) => byte === 0x0d || byte === 0x0a)) this.#empty = false;
      if (this.#lines === 0) {
        const tail = latin1(line, Math.max(0, line.length - VERSION_BYTES));
        this.#lineEnd = (this.#lineEnd + tail).slice(-VERSION_BYTES);
      }
      // Before the line's end counts: a request line that is too long is one without an end.
      this.#tooLarge = this.#bytes > MAX_HEAD_BYTES;
      if (newline !== -1 && !this.#tooLarge) this.#endLine();
      this.#tooLarge ||= this.#lines > MAX_HEAD_LINES;
      at = end;
    }
    return at;
  }

  #endLine(): void {
    // Empty lines before a request are passed over (RFC 9112 section 2.2).
    if (!this.#empty) this.#lines++;
    else if (this.#lines > 0) this.#done = true;
    else this.#lineEnd = "";
    this.#empty = true;
  }
}
