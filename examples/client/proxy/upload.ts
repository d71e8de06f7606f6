import { closeQuietly, type Duplex } from "../../../lib/net/splice.ts";
import type { VisitorRequest } from "../front/exchange.ts";
import type { Body, Framing } from "../http/body.ts";
import { BodyWriter } from "../http/body_writer.ts";
import { requestTrailers } from "./request_fields.ts";

/** A visitor who did not send what was announced. */
export class UploadBroken extends Error {
  override readonly name = "UploadBroken";
}

/** Options for {@linkcode Upload}. */
export interface UploadOptions {
  /** To the app; closed when the visitor breaks off, so that the app does not wait. */
  conn: Duplex;
  /** The request's head. */
  head: Uint8Array;
  framing: Framing;
  body: Body | undefined;
  /** Called when it is for the app to go on: to take bytes, or to answer. */
  onAppsTurn: () => void;
  /** Called when it is for the visitor to go on. */
  onVisitorsTurn: () => void;
}

/** The head and body of a request on their way to the app. */
export class Upload {
  readonly #options: UploadOptions;
  #broken: UploadBroken | undefined;
  #stopped = false;

  constructor(options: UploadOptions) {
    this.#options = options;
  }

  /** The visitor's failure to send it all, if there was one. */
  get broken(): UploadBroken | undefined {
    return this.#broken;
  }

  /**
   * Sends it. Never rejects: an app that takes no more of it may have answered, and closed; whether
   * it has is for its answer to tell.
   */
  async send(): Promise<void> {
    const { conn, head, framing, body, onAppsTurn } = this.#options;
    const writer = new BodyWriter(conn, framing);
    try {
      // Together: an app that reads no body, and closes, resets the connection where that came behind its head, and
      // what was on its way of the answer is lost.
      const early = body?.ready ? await this.#read() : null;
      onAppsTurn();
      await writer.write(early ?? new Uint8Array(), head);
      for (let piece; (piece = await this.#read()) !== null;) {
        onAppsTurn();
        await writer.write(piece);
      }
      if (this.#stopped) return;
      onAppsTurn();
      await writer.finish(requestTrailers(body?.trailers ?? []));
      onAppsTurn();
    } catch {
      if (this.#broken !== undefined) closeQuietly(conn);
    }
  }

  /** Sends no more than what is under way. */
  stop(): void {
    this.#stopped = true;
  }

  async #read(): Promise<Uint8Array | null> {
    const { body, onVisitorsTurn } = this.#options;
    if (body === undefined || this.#stopped) return null;
    onVisitorsTurn();
    try {
      return await body.read();
    } catch (error) {
      throw this.#broken = new UploadBroken("Cannot read the visitor's upload", { cause: error });
    }
  }
}

/** How the app is told the end of a request's body. */
export function uploadFraming(
  { method, body }: Pick<VisitorRequest, "method" | "body">,
): Framing {
  if (body?.length !== undefined) return { kind: "length", length: body.length };
  if (body !== undefined) return { kind: "chunked" };
  // A method that expects a body says that there is none (RFC 9110 section 8.6).
  return /^(?:POST|PUT|PATCH)$/.test(method) ? { kind: "length", length: 0 } : { kind: "none" };
}
