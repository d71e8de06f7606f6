import { sleep } from "../../../lib/net/pause.ts";

/** Requests of a connection in a second that are begun one behind the other: more than a page asks for. */
const AT_ONCE = 128;

/** How many of those above are, since each wait takes one to two milliseconds. */
const IN_A_ROW = 4;

/**
 * Lets others be answered between the requests of a connection that sends very many of them at once: what is answered
 * from memory leaves the event loop no turn.
 */
export class RequestPace {
  #since = -Infinity;
  #count = 0;

  /** Waits, if need be, before the next request of the connection is read. */
  async next(): Promise<void> {
    const now = performance.now();
    if (now - this.#since > 1_000) {
      this.#since = now;
      this.#count = 0;
    }
    // By a timer: of what waits by `setImmediate` the runtime (Deno 2.9) runs a hundred before it looks at connections.
    if (++this.#count > AT_ONCE && this.#count % IN_A_ROW === 0) await sleep(0);
  }
}
