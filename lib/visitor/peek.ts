import { ClientHelloReader, looksLikeTls, MAX_HELLO_BYTES } from "../wire/client_hello.ts";
import { HttpRequestReader } from "../wire/http_request.ts";
import {
  MAX_PROXY_HEADER_BYTES,
  parseProxyHeader,
  type ProxyAddresses,
  type ProxyHeader,
} from "../wire/proxy_protocol.ts";
import { parseSocks4Request, SOCKS4_GRANTED, type Socks4Request } from "../wire/socks4.ts";
import { BufferPool } from "../net/buffer_pool.ts";
import type { Place } from "../net/places.ts";
import { scheduleTimeout } from "../net/schedule.ts";
import { closeQuietly, type Duplex, writeAll } from "../net/splice.ts";
import type { Outcome } from "./outcome.ts";

/** How long a visitor may take to send a complete ClientHello, a PROXY header before it included. */
const HELLO_TIMEOUT_MS = 5_000;

/** First buffers: most hellos fit, also those with a post-quantum key share. */
const FIRST_BUFFERS = new BufferPool(2 * 1024);

/** Largest buffer without a place for large hellos: the largest real ones are near 6 KiB. */
const MAX_USUAL_BYTES = 8 * 1024;

/** Takes a beginning back that was passed on: nothing reads it any more, nor will. */
export function giveBackHead(head: Uint8Array<ArrayBuffer>): void {
  if (head.buffer.byteLength !== FIRST_BUFFERS.bytes) return;
  FIRST_BUFFERS.giveBack(new Uint8Array(head.buffer));
}

/** What the first bytes of a connection turn out to be. */
export type Peeked =
  | { kind: "hello"; serverName?: string }
  | { kind: "http"; method: string; host?: string; target: string }
  | { kind: "bad-http"; isTooLarge: boolean }
  | { kind: "reject"; reason: Outcome; detail: string }
  /** Nothing to answer: the peer ended, was late, or sent too much. */
  | { kind: "close"; reason: Ended };

/** Why no more bytes come. */
type Ended = "silent" | "incomplete" | "late" | "too-large" | "reset" | "limit-large-hellos";

/** What a PROXY header said. */
export type ProxyPeek =
  | { kind: "addresses"; addresses?: ProxyAddresses }
  | { kind: "bad-proxy-header"; detail: string }
  | { kind: "close"; reason: Ended };

/** Options for {@linkcode Peeker}. */
export interface PeekerOptions {
  /** @default {HELLO_TIMEOUT_MS} */
  timeoutMs?: number;
  /** Takes a place for a hello of unusual size, left when the peek is done. @default always one */
  takeLarge?: () => Place | undefined;
}

/**
 * Reads the beginning of a connection without losing any of it.
 *
 * One deadline holds for all of it: when it passes, the connection is closed, which ends the read
 * that waits. Call {@linkcode Peeker.done} when the beginning is over, on every way.
 */
export class Peeker {
  readonly #conn: Duplex;
  readonly #callOff: () => void;
  readonly #takeLarge: () => Place | undefined;
  #large: Place | undefined;
  #buffer = FIRST_BUFFERS.take();
  #start = 0;
  #end = 0;
  #late = false;

  constructor(conn: Duplex, options: PeekerOptions = {}) {
    const { timeoutMs = HELLO_TIMEOUT_MS, takeLarge = () => NO_PLACE } = options;
    this.#conn = conn;
    this.#takeLarge = takeLarge;
    this.#callOff = scheduleTimeout(() => {
      this.#late = true;
      closeQuietly(conn);
    }, timeoutMs);
  }

  /** The bytes read and not consumed by {@linkcode Peeker.proxyHeader}: to be passed on first. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  /** Ends the deadline and gives up the place for a large hello. */
  done(): void {
    this.#callOff();
    this.#large?.leave();
  }

  /** As {@linkcode Peeker.done}, of who is not let in: what was read is not needed, nor is more. */
  forget(): void {
    this.done();
    if (this.#buffer.length === FIRST_BUFFERS.bytes) FIRST_BUFFERS.giveBack(this.#buffer);
    this.#buffer = NO_BYTES;
    this.#start = this.#end = 0;
  }

  /**
   * Reads and consumes the PROXY header that must come first, and a request of SOCKS4 before it, which it
   * grants.
   *
   * A proxy that has to wait for that knows that the relay has the connection: what the kernel alone has
   * accepted is lost where the relay ends, and can be tried again.
   */
  async proxyHeader(): Promise<ProxyPeek> {
    let parse: (bytes: Uint8Array) => Socks4Request | ProxyHeader = parseSocks4Request;
    while (true) {
      const result = parse(this.bytes);
      switch (result.state) {
        case "request":
          this.#start += result.length;
          // A failure shows at the next read.
          await writeAll(this.#conn, SOCKS4_GRANTED).catch(() => {});
          // falls through
        case "none":
          parse = parseProxyHeader;
          continue;
        case "header":
          this.#start += result.length;
          return {
            kind: "addresses",
            ...(result.addresses !== undefined && { addresses: result.addresses }),
          };
        case "reject":
          return { kind: "bad-proxy-header", detail: result.detail };
      }
      const ended = await this.#more(MAX_PROXY_HEADER_BYTES);
      if (ended === "too-large") {
        return { kind: "bad-proxy-header", detail: "PROXY header is too long" };
      }
      if (ended !== undefined) return { kind: "close", reason: ended };
    }
  }

  /** Reads until it is clear what the visitor wants; consumes nothing. */
  async hello(): Promise<Peeked> {
    const reader = new ClientHelloReader();
    let httpReader: HttpRequestReader | undefined;
    let pushed = this.#start;
    while (true) {
      if (this.#end > this.#start && !looksLikeTls(this.bytes)) {
        httpReader ??= new HttpRequestReader();
        const http = httpReader.push(this.bytes);
        if (http.state === "bad" || http.state === "large") {
          return { kind: "bad-http", isTooLarge: http.state === "large" };
        }
        if (http.state === "request") {
          const { method, target, host } = http;
          return { kind: "http", method, target, ...(host && { host }) };
        }
        // Neither TLS nor HTTP: the hello's reader names what is wrong.
        if (http.state === "no") return rejected(reader.push(this.bytes));
      } else if (this.#end > pushed) {
        const result = reader.push(this.#buffer.subarray(pushed, this.#end));
        pushed = this.#end;
        if (result.state === "hello") {
          const { serverName } = result;
          return { kind: "hello", ...(serverName !== undefined && { serverName }) };
        }
        if (result.state === "reject") return rejected(result);
      }
      const ended = await this.#more(MAX_HELLO_BYTES);
      if (ended !== undefined) return { kind: "close", reason: ended };
    }
  }

  /** Reads once; tells why there is no more to come. */
  async #more(limit: number): Promise<undefined | Ended> {
    if (this.#end - this.#start >= limit) return "too-large";
    if (this.#end === this.#buffer.length) {
      if (this.#end >= MAX_USUAL_BYTES) {
        this.#large ??= this.#takeLarge();
        if (this.#large === undefined) return "limit-large-hellos";
      }
      const grown = new Uint8Array(this.#buffer.length * 2);
      grown.set(this.#buffer);
      this.#buffer = grown;
    }
    try {
      const n = await this.#conn.read(this.#buffer.subarray(this.#end));
      if (n === null) return this.bytes.length === 0 ? "silent" : "incomplete";
      this.#end += n;
    } catch {
      if (this.#late) return "late";
      // A scanner, or a proxy's check of our health: however it ends, it said nothing.
      return this.bytes.length === 0 ? "silent" : "reset";
    }
  }
}

const NO_BYTES = new Uint8Array(0);

/** Stands for places that nobody counts. */
const NO_PLACE: Place = { assign: () => true, leave() {} };

function rejected(result: ReturnType<ClientHelloReader["push"]>): Peeked {
  if (result.state !== "reject") throw new Error(`Cannot refuse a hello in state ${result.state}`);
  const { reason, detail } = result;
  return reason === "too-large" ? { kind: "close", reason } : { kind: "reject", reason, detail };
}
