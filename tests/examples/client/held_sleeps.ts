import type { Sleep } from "../../../lib/net/pause.ts";
import { Changes } from "./changes.ts";

/** Sleeps that last until the test ends them; short ones, below a second, are over at once. */
export class HeldSleeps {
  /** Lengths of the sleeps that were begun, milliseconds. */
  readonly begun: number[] = [];
  readonly #changes = new Changes();
  readonly #held = new Set<{ ms: number; resume: () => void }>();

  readonly sleep: Sleep = (ms, signal) => {
    if (ms < 1000 || signal?.aborted) return Promise.resolve();
    this.begun.push(ms);
    const { promise, resolve } = Promise.withResolvers<void>();
    const held = { ms, resume: resolve };
    this.#held.add(held);
    signal?.addEventListener("abort", () => this.#end(held), { once: true });
    this.#changes.tell();
    return promise;
  };

  /** Waits until a sleep of this length is begun. */
  async begin(ms: number): Promise<void> {
    await this.#changes.until(() => this.#one(ms) !== undefined);
  }

  /** Waits until a sleep of this length is begun, and ends it. */
  async end(ms: number): Promise<void> {
    await this.begin(ms);
    this.#end(this.#one(ms)!);
  }

  #one(ms: number): { ms: number; resume: () => void } | undefined {
    return [...this.#held].find((one) => one.ms === ms);
  }

  #end(held: { ms: number; resume: () => void }): void {
    this.#held.delete(held);
    held.resume();
  }
}
