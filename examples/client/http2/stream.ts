import type { Body } from "../http/body.ts";
import type { Field } from "../http/fields.ts";
import { ConnectionError, ERROR, MAX_INT31, StreamError } from "./frames.ts";
import { readTrailers } from "./request.ts";
import { ReceiveBuffer } from "./receive_buffer.ts";

/** Bytes of an upload that are read at once. */
const PIECE_BYTES = 64 * 1024;

/** What a stream asks of its session. */
export interface StreamSession {
  /** Gives the peer leave to send so many bytes more on this stream. */
  grant(stream: Http2Stream, bytes: number): void;
  /** Notes that so many bytes of any stream are not held any more. */
  release(bytes: number): void;
}

/** One request and its answer (RFC 9113 section 5). */
export class Http2Stream {
  readonly id: number;
  /** Bytes that may still be sent; negative when the peer has made its window smaller. */
  sendWindow: number;
  /** Bytes that the peer may still send. */
  receiveWindow: number;
  /** Whether the peer has sent all of its side. */
  remoteEnded = false;
  /** Whether all of our side was sent. */
  localEnded = false;
  /** Bytes that the peer has announced and not sent, where it has announced any. */
  missing: number | undefined;
  /** Bytes of the body that have come. */
  came = 0;
  readonly trailers: Field[] = [];
  readonly #session: StreamSession;
  readonly #received = new ReceiveBuffer();
  readonly #over = new AbortController();
  #wake: (() => void) | undefined;
  /** Bytes that were read, and of which the peer was not told yet. */
  #taken = 0;

  /** @param length of the request's body, where it was announced. */
  constructor(
    id: number,
    session: StreamSession,
    windows: { send: number; receive: number },
    length: number | undefined,
  ) {
    this.id = id;
    this.missing = length;
    this.#session = session;
    this.sendWindow = windows.send;
    this.receiveWindow = windows.receive;
  }

  /** Aborted when the stream is over, in whichever way. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /**
   * Notes that the peer's windows are larger by so much, or smaller.
   *
   * @throws {ConnectionError} if it is larger than one may be (RFC 9113 section 6.9.2).
   */
  moveWindow(by: number): void {
    this.sendWindow += by;
    if (this.sendWindow > MAX_INT31) {
      throw new ConnectionError(ERROR.flowControl, "a window is too large");
    }
  }

  /**
   * Takes a piece of the body.
   *
   * @param length of its frame: the padding counts against the windows as well.
   * @throws {StreamError} if it is more than the window holds, or not as much as was announced.
   */
  receive(piece: Uint8Array, length: number, isLast: boolean): void {
    this.receiveWindow -= length;
    if (this.receiveWindow < 0) throw this.#error(ERROR.flowControl, "too much data");
    const padding = length - piece.length;
    if (padding > 0) {
      this.#session.grant(this, padding);
      this.#session.release(padding);
    }
    if (this.missing !== undefined) {
      this.missing -= piece.length;
      if (this.missing < 0 || (isLast && this.missing > 0)) {
        throw this.#error(ERROR.protocol, "its length is not as announced");
      }
    }
    if (piece.length > 0) {
      this.came += piece.length;
      this.#received.add(piece);
      this.#wake?.();
    }
    if (isLast) this.end();
  }

  /**
   * Takes the fields behind the body, which end it.
   *
   * @throws {StreamError} if they are malformed, or come too soon.
   */
  receiveTrailers(fields: readonly Field[], isLast: boolean): void {
    if (this.remoteEnded) throw this.#error(ERROR.streamClosed, "it has ended");
    const isWhole = this.missing === undefined || this.missing === 0;
    if (!isLast || !isWhole) throw this.#error(ERROR.protocol, "trailers too soon");
    this.trailers.push(...readTrailers(this.id, fields));
    this.end();
  }

  #error(code: number, why: string): StreamError {
    return new StreamError(this.id, code, why);
  }

  /** Notes that the peer has sent all. */
  end(): void {
    this.remoteEnded = true;
    this.#wake?.();
  }

  /** Ends the stream on this side of the wire; returns how many bytes were held of it. */
  close(): number {
    const held = this.#received.length;
    this.#over.abort();
    this.#received.clear();
    this.#wake?.();
    return held;
  }

  /** Whether some of the body has come that was not read. */
  get ready(): boolean {
    return this.#received.length > 0;
  }

  /** Reads some of the body; null at its end. */
  async read(into: Uint8Array): Promise<number | null> {
    while (this.#received.length === 0) {
      if (this.over.aborted) throw new Deno.errors.ConnectionReset("the stream is over");
      if (this.remoteEnded) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
      this.#wake = undefined;
    }
    const n = this.#received.take(into);
    this.#taken += n;
    this.#session.release(n);
    // Told in large steps, but before the peer has to wait.
    if (!this.remoteEnded && this.#taken >= PIECE_BYTES) {
      this.#session.grant(this, this.#taken);
      this.#taken = 0;
    }
    return n;
  }
}

/** The body of a request over HTTP/2. */
export class StreamBody implements Body {
  ended = false;
  readonly #stream: Http2Stream;
  readonly #announced: number | undefined;
  readonly #read: (into: Uint8Array) => Promise<number | null>;
  #buffer: Uint8Array | undefined;

  /** @param read reads of the stream, within limits of time. */
  constructor(stream: Http2Stream, read: (into: Uint8Array) => Promise<number | null>) {
    this.#stream = stream;
    this.#read = read;
    this.#announced = stream.missing;
  }

  /** What has come as a whole has a length as well: many send an empty body in the place of none. */
  get length(): number | undefined {
    const { came, remoteEnded, trailers } = this.#stream;
    // Trailers have no place behind a body of a length (RFC 9112 section 6.5).
    return this.#announced ?? (remoteEnded && trailers.length === 0 ? came : undefined);
  }

  get ready(): boolean {
    return this.#stream.ready;
  }

  get trailers(): readonly Field[] {
    return this.#stream.trailers;
  }

  async read(): Promise<Uint8Array | null> {
    if (this.ended) return null;
    this.#buffer ??= new Uint8Array(PIECE_BYTES);
    const n = await this.#read(this.#buffer);
    if (n !== null) return this.#buffer.subarray(0, n);
    this.ended = true;
    this.#buffer = undefined;
    return null;
  }
}
