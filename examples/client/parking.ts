import type { Log } from "../../lib/log.ts";
import { Backoff } from "./backoff.ts";
import type { DataConnection } from "./data_connection.ts";
import type { DataAddress } from "./data_path.ts";
import type { Sleep } from "../../lib/net/pause.ts";

/** How long a ticket for parking can be shown, milliseconds (PROTOCOL section 3). */
const TICKET_LIFE_MS = 60_000;

/** A parked connection that ends sooner than this did not expire, it failed; milliseconds. */
const SHORTEST_PARKING_MS = 10_000;

/** Bounds of the pause after a failure, milliseconds; below a ticket's life, so that it is used. */
const PAUSE_MS = { first: 500, longest: 30_000 } as const;

/** A data connection with a visitor. */
export type Joined = DataConnection & { state: "joined" };

/** Options for {@linkcode Parking}. */
export interface ParkingOptions {
  /** How many connections to keep parked now. */
  wanted: () => number;
  /** Shows a ticket at an address of the relay and waits; calls back when it was shown. */
  dial: (ticket: string, address: DataAddress, onShown: () => void) => Promise<DataConnection>;
  /** Takes over a connection that a visitor was joined to. */
  onJoined: (connection: Joined) => void;
  /** Asks the relay for tickets, soon: a place became free. */
  ask: () => void;
  /** Ends the waiting between tries. */
  signal: AbortSignal;
  now: () => number;
  sleep: Sleep;
  /** Uniform in [0, 1). */
  random: () => number;
  log: Log;
}

/**
 * Keeps connections parked at the relay, so that a visitor does not wait for one to be made.
 *
 * After a failure all tickets wait, longer each time: a data port that is down, or refuses, is not
 * hammered.
 */
export class Parking {
  readonly #options: ParkingOptions;
  readonly #backoff: Backoff;
  #taken = 0;
  #restUntil = 0;

  constructor(options: ParkingOptions) {
    this.#options = options;
    this.#backoff = new Backoff({
      firstMs: PAUSE_MS.first,
      longestMs: PAUSE_MS.longest,
      random: options.random,
    });
  }

  /** Connections that are parked or on their way. */
  get taken(): number {
    return this.#taken;
  }

  /** Uses tickets as far as there are places; the rest expire unused. */
  offer(tickets: readonly string[], address: DataAddress): void {
    for (const ticket of tickets) {
      if (this.#taken >= this.#options.wanted()) return;
      this.#park(ticket, address);
    }
  }

  async #park(ticket: string, address: DataAddress): Promise<void> {
    const { ask, now, sleep, signal } = this.#options;
    const giveUpAt = now() + TICKET_LIFE_MS;
    this.#taken++;
    try {
      while (!signal.aborted) {
        await sleep(Math.max(0, this.#restUntil - now()), signal);
        if (signal.aborted || now() >= giveUpAt || await this.#show(ticket, address)) return;
      }
    } finally {
      this.#taken--;
      if (!signal.aborted) ask();
    }
  }

  /** Shows the ticket; true when it was used up, for good or ill. */
  async #show(ticket: string, address: DataAddress): Promise<boolean> {
    const { dial, onJoined, now, log, signal } = this.#options;
    const began = now();
    let shown = false;
    try {
      const connection = await dial(ticket, address, () => shown = true);
      if (connection.state === "joined") {
        this.#backoff.reset();
        onJoined(connection);
      } else if (connection.state === "ended" && now() - began >= SHORTEST_PARKING_MS) {
        this.#backoff.reset();
      } else {
        log.debug("Parked connection not kept", { state: connection.state });
        this.#rest();
      }
      return true;
    } catch (error) {
      if (signal.aborted) return true;
      log.debug("Cannot park a connection", { error });
      this.#rest();
      return shown;
    }
  }

  #rest(): void {
    const now = this.#options.now();
    // Those that fail together are one failure.
    if (now >= this.#restUntil) this.#restUntil = now + this.#backoff.next();
  }
}
