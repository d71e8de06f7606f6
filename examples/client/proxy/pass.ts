/**
 * Passes visitors' requests on to a web app of the user's.
 *
 * @module
 */
import type { Log } from "../../../lib/log.ts";
import { Places } from "../../../lib/net/places.ts";
import { type Schedule, scheduleTimeout } from "../../../lib/net/schedule.ts";
import { closeQuietly, type Duplex, splice, writeAll } from "../../../lib/net/splice.ts";
import { answerText, type Exchange, type Handler } from "../front/exchange.ts";
import { groupOf } from "../front/visit.ts";
import { answerFraming, FramedBody, type Framing } from "../http/body.ts";
import { ByteReader } from "../http/byte_reader.ts";
import { endToEndTrailers, valuesOf } from "../http/fields.ts";
import {
  type AnswerHead,
  MAX_HEAD_BYTES,
  parseAnswerHead,
  parseAnswerTrailers,
  parseStatusLine,
  requestHeadBytes,
} from "../http/head.ts";
import { appDown, appSilent, tooMuch } from "../pages/answers.tsx";
import { answerOwnPage, type MakePage } from "../pages/own_page.ts";
import { answerHead, switchingHead } from "./answer_fields.ts";
import { appFault } from "./app_fault.ts";
import { endedByReset } from "./ended_by_reset.ts";
import type { Addresses } from "./public_address.ts";
import { requestFields } from "./request_fields.ts";
import { Upload, UploadBroken, uploadFraming } from "./upload.ts";
import { connectUpstream, type Upstream, upstreamName, type UpstreamTrust } from "./upstream.ts";

/** How long an app may be silent before its answer unless told otherwise, milliseconds. */
export const APP_SILENCE_MS = 120_000;

/** Options for {@linkcode upstreamHandler}. */
export interface UpstreamOptions {
  upstream: Upstream;
  trust?: UpstreamTrust;
  /** What the app gets as `Host`; undefined for what the visitor sent. */
  sentHost?: string;
  /**
   * How long the app may be silent before its answer, counted from the last byte of the request that
   * it took, milliseconds. @default {APP_SILENCE_MS}
   */
  silence?: number;
  /**
   * Connections to the app at once, shared fairly between visitors' addresses: over HTTP/2 one visitor
   * asks for many things at once. @default {Infinity}
   */
  maxConnections?: number;
  /** @default {setTimeout} */
  schedule?: Schedule;
  log: Log;
}

/** Why an app gave no answer: what the visitor is told, and what the log is. */
class NoAnswer extends Error {
  override readonly name = "NoAnswer";
  readonly page: MakePage;

  constructor(message: string, page: MakePage, cause?: unknown) {
    super(message, { cause });
    this.page = page;
  }
}

/**
 * Passes visitors on to a web app: a connection each, on which heads are read and written anew, bodies
 * carried piece by piece, and everything else is bytes.
 *
 * Not by an HTTP library's client: those rebuild targets, lose interim answers and trailers, hide an
 * app's answer to an upgrade, and send "no body" as one of unknown length.
 */
export function upstreamHandler(options: UpstreamOptions): Handler {
  const { upstream, log } = options;
  const places = new Places({ total: options.maxConnections });
  return async (exchange) => {
    const { address } = exchange.visitor;
    const place = places.take(groupOf(address));
    if (place === undefined) {
      log.debug("A visitor asks for too much at once", { address });
      return await answerOwnPage(exchange, tooMuch);
    }
    try {
      await new Passage(options, exchange).run();
    } catch (error) {
      if (exchange.answer.begun || exchange.visitor.gone.aborted) throw error;
      if (error instanceof UploadBroken) {
        log.debug("A visitor's upload broke off", { error });
        return await answerText(exchange, 400, "The request broke off.");
      }
      if (!(error instanceof NoAnswer)) throw error;
      log.warn(error.message, {
        upstream: upstreamName(upstream),
        error: appFault(error.cause, upstream),
      });
      await answerOwnPage(exchange, error.page);
    } finally {
      place.leave();
    }
  };
}

/** One request on its way to the app, and its answer on the way back. */
class Passage {
  readonly #options: UpstreamOptions;
  readonly #exchange: Exchange;
  readonly #addresses: Addresses;
  readonly #schedule: Schedule;
  #late = false;
  #callOff: () => void = () => {};
  /** Whether the app's silence counts no more. */
  #heard = false;

  constructor(options: UpstreamOptions, exchange: Exchange) {
    const { upstream, sentHost, schedule = scheduleTimeout } = options;
    const { host } = exchange.request;
    this.#options = options;
    this.#exchange = exchange;
    this.#addresses = { host, sentHost: sentHost ?? host, upstream };
    this.#schedule = schedule;
  }

  async run(): Promise<void> {
    const { gone } = this.#exchange.visitor;
    const conn = await this.#connect();
    const leave = (): void => closeQuietly(conn);
    gone.addEventListener("abort", leave, { once: true });
    if (gone.aborted) leave();
    try {
      await this.#carry(conn);
    } finally {
      this.#hear();
      gone.removeEventListener("abort", leave);
      closeQuietly(conn);
    }
  }

  async #connect(): Promise<Duplex> {
    const { upstream, trust } = this.#options;
    try {
      return await connectUpstream(upstream, trust, this.#exchange.visitor.gone);
    } catch (error) {
      throw new NoAnswer("The app cannot be reached", appDown, error);
    }
  }

  async #carry(conn: Duplex): Promise<void> {
    const { request, answer, visitor } = this.#exchange;
    const framing = uploadFraming(request);
    const fields = requestFields(request, framing, this.#addresses, visitor.address);
    const upload = new Upload({
      conn,
      head: requestHeadBytes(request.method, request.target, fields),
      framing,
      body: request.body,
      onAppsTurn: () => this.#watch(conn),
      onVisitorsTurn: () => this.#callOff(),
    });
    const nothingToSend = request.body === undefined || request.body.ended;
    // Not awaited: an app may answer before it has read everything, and its answer counts.
    const sent = upload.send();
    const reader = new ByteReader(nothingToSend ? conn : endedByReset(conn));
    const final = await this.#readHead(conn, reader, upload);
    if (final.status === 101) {
      await sent;
      if (upload.broken !== undefined) throw upload.broken;
      return await this.#switch(final, conn, reader);
    }
    const { framing: outer, body, early } = await this.#beginBody(final, reader);
    await answer.begin(answerHead(final, this.#addresses), outer, early);
    for (let piece; (piece = await body.read()) !== null;) await answer.write(piece);
    await answer.finish(endToEndTrailers(body.trailers));
    upload.stop();
  }

  /** The answer's head; those before it (1xx) are passed on. */
  async #readHead(conn: Duplex, reader: ByteReader, upload: Upload): Promise<AnswerHead> {
    try {
      while (true) {
        const text = await reader.head(MAX_HEAD_BYTES, { onLine: parseStatusLine });
        if (text === null) throw new Error("Cannot read answer: the connection ended before it");
        const head = parseAnswerHead(text);
        if (head.status >= 200 || head.status === 101) {
          this.#hear();
          return head;
        }
        this.#watch(conn);
        await this.#exchange.answer.interim(answerHead(head, this.#addresses));
      }
    } catch (error) {
      if (upload.broken !== undefined) throw upload.broken;
      if (this.#late) throw new NoAnswer("The app is silent", appSilent);
      throw new NoAnswer("The app gave no answer", appDown, error);
    }
  }

  /** Its body, and the first piece of that if it is there already. */
  async #beginBody(
    head: AnswerHead,
    reader: ByteReader,
  ): Promise<{ framing: Framing; body: FramedBody; early?: Uint8Array }> {
    try {
      const framing = answerFraming(this.#exchange.request.method, head);
      const body = new FramedBody(reader, framing, parseAnswerTrailers);
      return { framing, body, early: (body.ready && await body.read()) || undefined };
    } catch (error) {
      throw new NoAnswer("The app's answer cannot be read", appDown, error);
    }
  }

  /** Passes bytes both ways from a 101 on; the request's body, if it had one, is over (RFC 9110 section 7.8). */
  async #switch(head: AnswerHead, app: Duplex, reader: ByteReader): Promise<void> {
    const { answer, request } = this.#exchange;
    if (!request.upgrades || request.body?.ended === false) {
      const why = request.upgrades ? "101 before the request's end" : "101 unasked";
      throw new NoAnswer("The app's answer cannot be read", appDown, new Error(why));
    }
    const upgrade =
      (valuesOf(head.fields, "upgrade")[0] ?? valuesOf(request.fields, "upgrade")[0])!;
    const { conn, early } = await answer.switchProtocols(
      switchingHead(head, this.#addresses, upgrade),
    );
    if (early.length > 0) await writeAll(app, early);
    await splice(conn, app, { backwardHead: reader.rest().slice(), saysBothEnds: true });
  }

  /** Waits for the app no more; an upload that goes on begins no other wait. */
  #hear(): void {
    this.#heard = true;
    this.#callOff();
  }

  /** Gives the app its time anew, as long as it has not answered. */
  #watch(conn: Duplex): void {
    if (this.#heard) return;
    this.#callOff();
    this.#callOff = this.#schedule(() => {
      this.#late = true;
      closeQuietly(conn);
    }, this.#options.silence ?? APP_SILENCE_MS);
  }
}
