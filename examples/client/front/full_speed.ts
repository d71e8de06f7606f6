import { Turnstile } from "../../../lib/net/turnstile.ts";

/** How long it counts that a stream ran at full speed, milliseconds. */
const TOGETHER_MS = 50;

/** Lets streams that run at full speed go on in turns where there are several. */
export class FullSpeed {
  readonly #now: () => number;
  readonly #turns = new Turnstile();
  #last: object | undefined;
  #at = -Infinity;

  /** @param now clock, milliseconds. @default {performance.now} */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Resolves when a stream that runs may go on: at once, unless the last one that did was another, and just now. */
  async turn(stream: object): Promise<void> {
    const now = this.#now();
    const isShared = this.#last !== stream && now - this.#at < TOGETHER_MS;
    this.#last = stream;
    this.#at = now;
    if (isShared) await this.#turns.pass();
  }
}

/** That of this process. */
export const systemFullSpeed: FullSpeed = new FullSpeed();
