import { ReadAhead } from "../net/read_ahead.ts";
import { type Schedule, scheduleTimeout } from "../net/schedule.ts";
import { closeQuietly, type Duplex } from "../net/splice.ts";
import type { Redeem, Tickets } from "./tickets.ts";

/** How long a ticket to park a connection can be shown. */
export const PARK_TICKET_MS = 60_000;

/**
 * How long a pool that is still half full waits before it is refilled: visitors who come together
 * cost one message, and the client dials after the visitor at hand was served, not meanwhile. No longer
 * than a message and a dial take by themselves: a page's next connections are to find some parked.
 */
export const REFILL_DELAY_MS = 20;

/** How long a connection stays parked. */
export const PARKED_MS = 5 * 60_000;

/** Places for parked connections, all clients' together. */
export interface Parking {
  /** Takes a place, undefined when this user gets none now. */
  take(username: string): { leave(): void } | undefined;
}

/** A ticket to park with, and the place that is kept for it. */
interface Granted {
  ticket: string;
  place: { leave(): void };
}

/** Options for {@linkcode ParkedPool}. */
export interface ParkedPoolOptions {
  username: string;
  tickets: Tickets<Redeem>;
  /** Sends the client tickets to park with; never throws. */
  send: (tickets: string[]) => void;
  /** Where a place is taken for each ticket. @default always one */
  parking?: Parking;
  /** @default {setTimeout} */
  schedule?: Schedule;
}

/** Counts connections of all pools as they are parked. */
let lastSerial = 0;

/** A connection that is parked or was. */
class ParkedConnection extends ReadAhead {
  /** Of those parked before it, a smaller number. */
  readonly serial = ++lastSerial;
}

/** A parked connection and the timer that ends it. */
interface Parked {
  conn: ParkedConnection;
  /** Calls off the timer and gives the place back. */
  leave: () => void;
}

/** The data connections that a client keeps parked, and the tickets that it was granted for more. */
export class ParkedPool {
  readonly #options: ParkedPoolOptions;
  readonly #schedule: Schedule;
  readonly #parking: Parking;
  /** Oldest first. */
  readonly #parked: Parked[] = [];
  /** Granted to park with, not shown yet. */
  readonly #granted: Granted[] = [];
  #wanted = 0;
  /** Set while a refill is due. */
  #callOffRefill: (() => void) | undefined;
  #ended = false;

  constructor(options: ParkedPoolOptions) {
    this.#options = options;
    this.#schedule = options.schedule ?? scheduleTimeout;
    this.#parking = options.parking ?? { take: () => ({ leave() {} }) };
  }

  /** Connections parked now. */
  get size(): number {
    return this.#parked.length;
  }

  /** How many the client wants to keep. */
  get wanted(): number {
    return this.#wanted;
  }

  /** Sets how many the client wants to keep; closes those above it. */
  resize(wanted: number): void {
    this.#wanted = wanted;
    while (this.#parked.length > wanted) this.#drop(this.#parked[0]!);
    this.#grant();
  }

  /** Gets and removes the parked connection that came last: the likeliest to be alive. */
  take(): Duplex | undefined {
    const parked = this.#parked.pop();
    if (parked === undefined) return undefined;
    parked.leave();
    // Refilled on check-out, so that the next visitor finds one too.
    this.#refill();
    return parked.conn;
  }

  /**
   * A connection that was taken is dead, so those that were parked before it are likely to be: closes
   * them, that no further visitor meets one.
   */
  distrust(conn: Duplex): void {
    if (!(conn instanceof ParkedConnection)) return;
    for (const parked of [...this.#parked]) {
      if (parked.conn.serial < conn.serial) this.#drop(parked);
    }
  }

  /** Closes what is parked, and voids the tickets. */
  end(): void {
    this.#ended = true;
    this.#callOffRefill?.();
    for (const { ticket, place } of this.#granted.splice(0)) {
      this.#options.tickets.take(ticket);
      place.leave();
    }
    for (const parked of [...this.#parked]) this.#drop(parked);
  }

  /** Grants tickets: at once when few are left, else together with those that are missing soon. */
  #refill(): void {
    if (this.#ended) return;
    if ((this.#parked.length + this.#granted.length) * 2 < this.#wanted) return this.#grant();
    this.#callOffRefill ??= this.#schedule(() => this.#grant(), REFILL_DELAY_MS);
  }

  /**
   * Grants tickets until granted ones plus parked connections reach the pool size, or there is no
   * place for more; the next change of either asks again.
   */
  #grant(): void {
    this.#callOffRefill?.();
    this.#callOffRefill = undefined;
    if (this.#ended) return;
    const { username, tickets, send } = this.#options;
    const fresh: string[] = [];
    while (this.#parked.length + this.#granted.length < this.#wanted) {
      const place = this.#parking.take(username);
      if (place === undefined) break;
      const ticket = tickets.issue(
        (conn) => this.#park(granted, conn),
        PARK_TICKET_MS,
        () => {
          remove(this.#granted, granted);
          place.leave();
          this.#refill();
        },
      );
      const granted = { ticket, place };
      this.#granted.push(granted);
      fresh.push(ticket);
    }
    if (fresh.length > 0) send(fresh);
  }

  #park(granted: Granted, conn: Duplex): void {
    remove(this.#granted, granted);
    const { place } = granted;
    const callOff = this.#schedule(() => this.#drop(entry), PARKED_MS);
    const entry: Parked = {
      conn: new ParkedConnection(conn, () => this.#drop(entry)),
      leave() {
        callOff();
        place.leave();
      },
    };
    this.#parked.push(entry);
    // The pool may have shrunk since the ticket was granted.
    if (this.#parked.length > this.#wanted) this.#drop(this.#parked[0]!);
  }

  #drop(entry: Parked): void {
    // Taken by a visitor already: its end is theirs to see.
    if (!remove(this.#parked, entry)) return;
    entry.leave();
    closeQuietly(entry.conn);
    this.#refill();
  }
}

/** Takes an item out of a list, if it is there. */
function remove<Item>(list: Item[], item: Item): boolean {
  const index = list.indexOf(item);
  if (index !== -1) list.splice(index, 1);
  return index !== -1;
}
