import { ConnectionError, ERROR, StreamError } from "./frames.ts";
import type { Http2Stream } from "./stream.ts";

/** Streams that are over and remembered, to tell a late frame from a wrong one. */
const MAX_CLOSED = 500;

/** The streams of a connection, open and over (RFC 9113 section 5.1). */
export class StreamTable {
  /** The largest id that the peer has opened. */
  lastId = 0;
  readonly #open = new Map<number, Http2Stream>();
  /** Whether it was us who ended them before their end. */
  readonly #closed = new Map<number, boolean>();

  /** The open ones. */
  values(): Iterable<Http2Stream> {
    return this.#open.values();
  }

  get(id: number): Http2Stream | undefined {
    return this.#open.get(id);
  }

  /** Adds one that the peer has opened. */
  add(stream: Http2Stream): void {
    this.#open.set(stream.id, stream);
  }

  /** Moves the windows of the open ones, see {@linkcode Http2Stream.moveWindow}. */
  moveWindows(by: number): void {
    for (const stream of this.#open.values()) stream.moveWindow(by);
  }

  /**
   * Forgets a stream, and returns it if it was open.
   *
   * @param byUs whether the peer may still send, not knowing that it is over.
   */
  close(id: number, byUs: boolean): Http2Stream | undefined {
    const stream = this.#open.get(id);
    if (stream === undefined && this.#closed.has(id)) return undefined;
    this.#open.delete(id);
    this.#closed.set(id, byUs);
    if (this.#closed.size > MAX_CLOSED) this.#closed.delete(this.#closed.keys().next().value!);
    return stream;
  }

  /**
   * Looks at HEADERS for a stream that is not open: false where they open it, true where they are late
   * and mean nothing.
   *
   * @throws {ConnectionError} if no stream may be opened so.
   */
  isLateOpening(id: number): boolean {
    if (id <= this.lastId) {
      if (this.#closed.get(id)) return true;
      const code = this.#closed.has(id) ? ERROR.streamClosed : ERROR.protocol;
      throw new ConnectionError(code, "a stream is opened again");
    }
    if (id % 2 === 0) throw new ConnectionError(ERROR.protocol, "a stream has an even number");
    this.lastId = id;
    return false;
  }

  /** Throws unless the stream was opened once. */
  checkNotIdle(id: number): void {
    if (id > this.lastId) throw new ConnectionError(ERROR.protocol, "a stream is idle");
  }

  /** Throws unless a frame on a stream that is over may be late. */
  checkLate(id: number): void {
    this.checkNotIdle(id);
    if (!this.#closed.get(id)) throw new StreamError(id, ERROR.streamClosed, "it has ended");
  }
}
