import type { OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { type Duplex, writeAll } from "../../../lib/net/splice.ts";
import { framedAnswer, type Framing } from "../http/body.ts";
import type { Field } from "../http/fields.ts";
import type { AnswerHead } from "../http/head.ts";
import type { Answer } from "./exchange.ts";

/** The answer to a request that came over HTTP/2. */
export class Http2Answer implements Answer {
  begun = false;
  /** Whether all of it was sent. */
  complete = false;
  /** The stream's bytes, with limits. */
  readonly conn: Duplex;
  readonly #stream: ServerHttp2Stream;
  readonly #method: string;
  #trailers: readonly Field[] = [];
  #left = Infinity;
  /** Whether the head was all of it. */
  #ended = false;

  constructor(stream: ServerHttp2Stream, conn: Duplex, method: string) {
    this.#stream = stream;
    this.#method = method;
    this.conn = conn;
  }

  interim({ status, fields }: AnswerHead): Promise<void> {
    if (!this.#stream.destroyed) {
      this.#stream.additionalHeaders({ ":status": status, ...headersOf(fields) });
    }
    return Promise.resolve();
  }

  async begin(head: AnswerHead, framing: Framing, early?: Uint8Array): Promise<void> {
    this.begun = true;
    this.#ended = framing.kind === "none" || (framing.kind === "length" && framing.length === 0);
    // Fields behind the body come in chunks only.
    const waitForTrailers = framing.kind === "chunked";
    if (framing.kind === "length") this.#left = framing.length;
    // Frames tell the end; a length that is not the body's is an error (RFC 9113 section 8.1.1).
    const outer: Framing = framing.kind === "chunked" ? { kind: "close" } : framing;
    this.#stream.once("wantTrailers", () => this.#sendTrailers());
    this.#stream.respond(
      // Statuses above are none for browsers either (RFC 9110 section 15).
      {
        ":status": head.status > 599 ? 500 : head.status,
        ...headersOf(framedAnswer(this.#method, head, outer)),
      },
      { endStream: this.#ended, waitForTrailers },
    );
    if (early !== undefined) await this.write(early);
  }

  async write(piece: Uint8Array): Promise<void> {
    this.#left -= piece.length;
    if (this.#left < 0) throw new Error("Cannot write body: it is longer than was announced");
    if (piece.length > 0) await writeAll(this.conn, piece);
  }

  async finish(trailers: readonly Field[]): Promise<void> {
    if (!this.#ended) {
      if (this.#left > 0 && this.#left !== Infinity) {
        throw new Error(`Cannot end body: ${this.#left} bytes of it are missing`);
      }
      this.#trailers = trailers;
      await this.conn.closeWrite();
    }
    this.complete = true;
  }

  #sendTrailers(): void {
    try {
      this.#stream.sendTrailers(headersOf(this.#trailers));
    } catch {
      // Thrown at an event, it would reach nobody, and the stream would never end.
      this.#stream.sendTrailers({});
    }
  }

  switchProtocols(): Promise<never> {
    return Promise.reject(new Error("Cannot switch protocols: HTTP/2 has no such"));
  }
}

/** Fields as Node takes them, without what HTTP/2 does not have (RFC 9113 section 8.2). */
function headersOf(fields: readonly Field[]): OutgoingHttpHeaders {
  // Without a prototype: an app may have a field with a name of one of its members.
  const headers: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of fields) {
    const key = name.toLowerCase();
    const before = headers[key];
    if (before === undefined) headers[key] = value;
    else headers[key] = Array.isArray(before) ? [...before, value] : [before, value];
  }
  return headers;
}
