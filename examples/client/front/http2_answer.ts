import { encodeHeaders } from "../http2/hpack_encoder.ts";
import { FLAG, FRAME, frame } from "../http2/frames.ts";
import type { FrameSender } from "../http2/sender.ts";
import type { Http2Stream } from "../http2/stream.ts";
import { framedAnswer, type Framing } from "../http/body.ts";
import { dated, type Field, without } from "../http/fields.ts";
import type { AnswerHead } from "../http/head.ts";
import type { Answer } from "./exchange.ts";

/** The answer to a request that came over HTTP/2. */
export class Http2Answer implements Answer {
  begun = false;
  /** Whether all of it was sent. */
  complete = false;
  readonly #stream: Http2Stream;
  readonly #sender: FrameSender;
  readonly #method: string;
  readonly #within: <T>(done: Promise<T>) => Promise<T>;
  #left = Infinity;

  /**
   * @param method of the request.
   * @param within keeps what is sent to its limit of time.
   */
  constructor(
    stream: Http2Stream,
    sender: FrameSender,
    method: string,
    within: <T>(done: Promise<T>) => Promise<T>,
  ) {
    this.#stream = stream;
    this.#sender = sender;
    this.#method = method;
    this.#within = within;
  }

  async interim({ status, fields }: AnswerHead): Promise<void> {
    await this.#headers([[":status", String(status)], ...lowered(fields)], false);
  }

  async begin(head: AnswerHead, framing: Framing, early?: Uint8Array): Promise<void> {
    this.begun = true;
    const isWhole = framing.kind === "none" || (framing.kind === "length" && framing.length === 0);
    if (framing.kind === "length") this.#left = framing.length;
    // Frames tell the end; a length that is not the body's is an error (RFC 9113 section 8.1.1).
    const outer: Framing = framing.kind === "chunked" ? { kind: "close" } : framing;
    const framed = dated(framedAnswer(this.#method, head, outer));
    // HTTP/2 goes over to nothing (RFC 9113 section 8.6).
    const fields = without(framed, (name) => name === "upgrade");
    await this.#headers([[":status", String(head.status)], ...lowered(fields)], isWhole);
    if (early !== undefined && !isWhole) await this.write(early);
  }

  async write(piece: Uint8Array): Promise<void> {
    this.#left -= piece.length;
    if (this.#left < 0) throw new Error("Cannot write body: it is longer than was announced");
    await this.#within(this.#sender.data(this.#stream, piece));
  }

  async finish(trailers: readonly Field[]): Promise<void> {
    if (!this.#stream.localEnded) {
      if (this.#left > 0 && this.#left !== Infinity) {
        throw new Error(`Cannot end body: ${this.#left} bytes of it are missing`);
      }
      if (trailers.length > 0) {
        await this.#headers(lowered(trailers), true);
      } else {
        this.#stream.localEnded = true;
        const end = frame(FRAME.data, FLAG.endStream, this.#stream.id);
        await this.#within(this.#sender.write(end));
      }
    }
    this.complete = true;
  }

  switchProtocols(): Promise<never> {
    return Promise.reject(new Error("Cannot switch protocols: HTTP/2 has no such"));
  }

  async #headers(fields: readonly Field[], endStream: boolean): Promise<void> {
    if (this.#stream.over.aborted) throw new Deno.errors.ConnectionReset("the stream is over");
    if (endStream) this.#stream.localEnded = true;
    const { id } = this.#stream;
    await this.#within(this.#sender.headers(id, encodeHeaders(fields), endStream));
  }
}

/** Fields as HTTP/2 has them: names in lower case (RFC 9113 section 8.2.1). */
function lowered(fields: readonly Field[]): Field[] {
  return fields.map(([name, value]) => [name.toLowerCase(), value]);
}
