import { ConnectionError, ERROR } from "./frames.ts";
import { DEFAULT_WINDOW_BYTES } from "./sender.ts";

/** The connection's window for what the peer sends, on whichever stream (RFC 9113 section 6.9). */
export class ReceiveWindow {
  readonly #size: number;
  readonly #grant: (bytes: number) => void;
  #open: number;
  /** Bytes that are not held any more, and of which the peer was not told yet. */
  #released = 0;

  /**
   * @param size most bytes that the peer may have on their way or held here.
   * @param grant tells the peer that it may send so many more.
   */
  constructor(size: number, grant: (bytes: number) => void) {
    this.#size = size;
    this.#grant = grant;
    this.#open = size;
  }

  /** Tells the peer of all that it may send above what it may by default. */
  announce(): void {
    this.#grant(this.#size - DEFAULT_WINDOW_BYTES);
  }

  /** Notes that so many bytes came. @throws {ConnectionError} if the peer might not send them. */
  take(bytes: number): void {
    this.#open -= bytes;
    if (this.#open < 0) throw new ConnectionError(ERROR.flowControl, "too much data");
  }

  /**
   * Notes that so many bytes are not held any more. The peer is told of them in large steps, whatever
   * became of each stream: with many at once none of them takes much.
   */
  release(bytes: number): void {
    this.#released += bytes;
    if (this.#released < this.#size / 4) return;
    this.#open += this.#released;
    this.#grant(this.#released);
    this.#released = 0;
  }
}
