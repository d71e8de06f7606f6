import type { Sleep } from "../../../lib/net/pause.ts";
import { Changes } from "./changes.ts";

/** Sleeps that last until the test ends them; short ones, below a second, are over at once. */
export class HeldSleeps {
  /** Lengths of the sleeps that were begun, milliseconds. */
  readonly begun: number[] = [];
  readonly #changes = new Changes();
  readonly #held: { ms: number; resume: () => void }[] = [];

  readonly sleep: Sleep = (ms, signal) => {
    if (ms < 1000 || signal?.aborted) return Promise.resolve();
    this.begun.push(ms);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held.push({ ms, resume: resolve });
    signal?.addEventListener("abort", () => resolve(), { once: true });
    this.#changes.tell();
    return promise;
  };

  /** Waits until a sleep of this length is begun. */
  async begin(ms: number): Promise<void> {
    await this.#changes.until(() => this.#held.some((one) => one.ms === ms));
  }

  /** Waits until a sleep of this length is begun, and ends it. */
  async end(ms: number): Promise<void> {
    await this.begin(ms);
    const at = this.#held.findIndex((one) => one.ms === ms);
    this.#held.splice(at, 1)[0]!.resume();
  }
}
