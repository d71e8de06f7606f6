import { ConnectionError, ERROR } from "./frames.ts";

/** Frames without a request or some of a body in between, in either direction, that are too many. */
const MAX_IDLE_FRAMES = 10_000;

/** Requests that came to nothing by the peer's doing, above those answered, that are too many. */
const MAX_RESETS = 200;

/** Counts what a peer sends for nothing, which costs it less than whoever has to read it. */
export class FloodGuard {
  #idleFrames = 0;
  #resets = 0;

  /** A frame came. */
  frame(): void {
    this.#idleFrames++;
  }

  /** A request came, or some of a body, or some of an answer went out. */
  useful(): void {
    this.#idleFrames = 0;
  }

  /** The peer took a request back before its answer, or had it refused: what it costs is the same. */
  reset(): void {
    this.#resets++;
  }

  /** A request was answered. */
  answered(): void {
    this.#resets = Math.max(0, this.#resets - 1);
  }

  /** @throws {ConnectionError} when it was too much. */
  check(): void {
    if (this.#idleFrames > MAX_IDLE_FRAMES || this.#resets > MAX_RESETS) {
      throw new ConnectionError(ERROR.enhanceYourCalm, "there are too many frames for nothing");
    }
  }
}
