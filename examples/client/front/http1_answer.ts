import { STATUS_CODES } from "node:http";
import { type Duplex, writeAll } from "../../../lib/net/splice.ts";
import { type Body, framedAnswer, type Framing } from "../http/body.ts";
import { BodyWriter } from "../http/body_writer.ts";
import type { ByteReader } from "../http/byte_reader.ts";
import { dated, type Field, valuesOf } from "../http/fields.ts";
import { type AnswerHead, answerHeadBytes, type RequestHead } from "../http/head.ts";
import type { Answer } from "./exchange.ts";

/** What an answer depends on of the request that it is for. */
export interface AnsweredRequest extends Pick<RequestHead, "method" | "version"> {
  /** Undefined where it has none. */
  body?: Body;
}

/** The answer to a request that came over HTTP/1. */
export class Http1Answer implements Answer {
  begun = false;
  /** Whether all of it was sent. */
  complete = false;
  /** Whether the connection was given away, or goes on in another protocol. */
  switched = false;
  /** Whether its end is told by the connection's alone. */
  endsByClose = false;
  /** Whether the connection can have another request after this, as the visitor was told. */
  keepAlive = false;
  readonly #conn: Duplex;
  readonly #raw: Duplex;
  readonly #reader: ByteReader;
  readonly #request: AnsweredRequest;
  readonly #mayKeep: () => boolean;
  #body: BodyWriter | undefined;

  /**
   * @param conn the visitor's, with limits; not closed here.
   * @param raw the same without, for what comes after HTTP.
   * @param reader of what comes over it.
   * @param mayKeep whether both sides let the connection be used again.
   */
  constructor(
    conn: Duplex,
    raw: Duplex,
    reader: ByteReader,
    request: AnsweredRequest,
    mayKeep: () => boolean,
  ) {
    this.#conn = conn;
    this.#raw = raw;
    this.#reader = reader;
    this.#request = request;
    this.#mayKeep = mayKeep;
  }

  async interim(head: AnswerHead): Promise<void> {
    // HTTP/1.0 has none (RFC 9110 section 15.2).
    if (this.#request.version === "1.0") return;
    await writeAll(this.#conn, answerHeadBytes(head));
  }

  async begin(head: AnswerHead, framing: Framing, early?: Uint8Array): Promise<void> {
    this.begun = true;
    const outer = this.#outer(framing);
    this.endsByClose = outer.kind === "close";
    // What is not read of the request by now would be taken for the next one.
    const leavesBytes = this.endsByClose || this.#request.body?.ended === false;
    this.keepAlive = !leavesBytes && this.#mayKeep();
    const fields = dated(framedAnswer(this.#request.method, head, outer));
    const bytes = answerHeadBytes({
      status: head.status,
      reason: head.reason || (STATUS_CODES[head.status] ?? ""),
      fields: [...fields, ...this.#connection(fields)],
    });
    this.#body = new BodyWriter(this.#conn, outer);
    await this.#body.write(early ?? new Uint8Array(), bytes);
  }

  async write(piece: Uint8Array): Promise<void> {
    await this.#body!.write(piece);
  }

  async finish(trailers: readonly Field[]): Promise<void> {
    await this.#body!.finish(trailers);
    this.complete = true;
  }

  async switchProtocols(head: AnswerHead): Promise<{ conn: Duplex; early: Uint8Array }> {
    this.begun = this.switched = true;
    await writeAll(this.#conn, answerHeadBytes(head));
    return { conn: this.#raw, early: this.#reader.rest().slice() };
  }

  /** What is said of this connection (RFC 9110 section 7.6.1). */
  #connection(fields: readonly Field[]): Field[] {
    const options = [
      ...(valuesOf(fields, "upgrade").length > 0 ? ["Upgrade"] : []),
      ...(this.keepAlive ? [] : ["close"]),
    ];
    return options.length > 0 ? [["Connection", options.join(", ")]] : [];
  }

  /** How the visitor is told the end of a body that is framed like this. */
  #outer(framing: Framing): Framing {
    if (framing.kind === "none" || framing.kind === "length") return framing;
    return { kind: this.#request.version === "1.0" ? "close" : "chunked" };
  }
}
