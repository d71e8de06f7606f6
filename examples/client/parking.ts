import type { Log } from "../../lib/log.ts";
import { Backoff } from "./backoff.ts";
import type { DataConnection, JoinedVisitor } from "./data_connection.ts";
import type { DataAddress } from "./data_path.ts";
import type { Sleep } from "../../lib/net/pause.ts";
import { MAX_POOL_SIZE } from "../../lib/wire/messages.ts";

/** How long a ticket for parking can be shown, milliseconds (PROTOCOL section 3). */
const TICKET_LIFE_MS = 60_000;

/** Tickets that are kept for want of a place: as many as a relay grants at most. */
const MOST_SPARE = MAX_POOL_SIZE;

/** A parked connection that ends sooner than this did not expire, it failed; milliseconds. */
const SHORTEST_PARKING_MS = 10_000;

/** Bounds of the pause after a failure, milliseconds; below a ticket's life, so that it is used. */
const PAUSE_MS = { first: 500, longest: 30_000 } as const;

/** A ticket that was not shown yet. */
interface Ticket {
  ticket: string;
  address: DataAddress;
  /** When it is void, milliseconds of the clock. */
  voidAt: number;
}

/** Options for {@linkcode Parking}. */
export interface ParkingOptions {
  /** How many connections to keep parked now. */
  wanted: () => number;
  /** Shows a ticket at an address of the relay and waits; calls back when it was shown. */
  dial: (ticket: string, address: DataAddress, onShown: () => void) => Promise<DataConnection>;
  /** Takes over a connection that a visitor was joined to. */
  onJoined: (connection: JoinedVisitor) => void;
  /** Called when a place became free: the relay may have to be asked for another number of tickets. */
  ask: () => void;
  /** Ends the waiting between tries. */
  signal: AbortSignal;
  /** Clock in milliseconds that never jumps. */
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
  /** Oldest first. */
  readonly #spare: Ticket[] = [];
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

  /**
   * Uses tickets as far as there are places. The rest is kept: the relay grants them when it gives a
   * parked connection to a visitor, and they may be here before the visitor's first byte.
   */
  offer(tickets: readonly string[], address: DataAddress): void {
    const voidAt = this.#options.now() + TICKET_LIFE_MS;
    for (const ticket of tickets) this.#spare.push({ ticket, address, voidAt });
    this.fill();
    this.#spare.splice(0, this.#spare.length - MOST_SPARE);
  }

  /** Uses kept tickets as far as there are places now. */
  fill(): void {
    const { wanted, now, signal } = this.#options;
    while (!signal.aborted && this.#spare.length > 0 && this.#taken < wanted()) {
      const ticket = this.#spare.shift()!;
      if (now() < ticket.voidAt) this.#park(ticket);
    }
  }

  async #park({ ticket, address, voidAt }: Ticket): Promise<void> {
    const { ask, now, sleep, signal } = this.#options;
    this.#taken++;
    try {
      while (!signal.aborted) {
        const restMs = this.#restUntil - now();
        // Not for no time: that would be a turn of the timers for each.
        if (restMs > 0) await sleep(restMs, signal);
        if (signal.aborted || now() >= voidAt || await this.#show(ticket, address)) return;
      }
    } finally {
      this.#taken--;
      this.fill();
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
