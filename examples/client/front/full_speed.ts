/** How long it counts that a stream ran at full speed, milliseconds. */
const TOGETHER_MS = 50;

/** Tells a stream that runs at full speed whether another one does. */
export class FullSpeed {
  readonly #now: () => number;
  #last: object | undefined;
  #at = -Infinity;

  /** @param now clock, milliseconds. @default {performance.now} */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Notes that a stream runs; whether the last one that did was another, and just now. */
  isShared(stream: object): boolean {
    const now = this.#now();
    const is = this.#last !== stream && now - this.#at < TOGETHER_MS;
    this.#last = stream;
    this.#at = now;
    return is;
  }
}

/** That of this process. */
export const systemFullSpeed: FullSpeed = new FullSpeed();
