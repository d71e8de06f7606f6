import assert from "node:assert/strict";

/** Fewer than one in so many visits may be lost: those of a moment, while relays leave their places. */
const LOST_IN = 20;

/** Whether a visitor was in the queue of a port as it was closed, and the system did not move them. */
export function isLostInQueue(error: unknown): boolean {
  const { BrokenPipe, ConnectionReset, NotConnected } = Deno.errors;
  return [BrokenPipe, ConnectionReset, NotConnected].some((kind) => error instanceof kind);
}

/** Visits amid a hand-over, and how many of them the system lost. */
export class MovedVisits {
  #met = 0;
  #lost = 0;

  /** Counts a visit; rejects with what it came to if it was not lost. */
  async add(visit: Promise<unknown>): Promise<void> {
    try {
      await visit;
      this.#met++;
    } catch (error) {
      if (!isLostInQueue(error)) throw error;
      this.#lost++;
    }
  }

  /** @throws {Error} as {@linkcode assertFewLost} does. */
  check(): void {
    assertFewLost(this.#lost, this.#met);
  }
}

/** @throws {Error} where more were lost than the system itself loses: nobody with `net.ipv4.tcp_migrate_req`. */
export function assertFewLost(lost: number, met: number): void {
  const moves = Deno.readTextFileSync("/proc/sys/net/ipv4/tcp_migrate_req").trim() === "1";
  assert.ok(moves ? lost === 0 : lost * LOST_IN < met, `${lost} lost, ${met} met the client`);
}
