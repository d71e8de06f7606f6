import type { SocketAddress } from "../wire/proxy_protocol.ts";
import type { DataPathWord, RelayMessage } from "../wire/messages.ts";
import { closeQuietly, type Duplex } from "../net/splice.ts";
import { type Schedule, scheduleTimeout } from "../net/schedule.ts";
import { ReadAhead } from "../net/read_ahead.ts";
import type { Tickets } from "./tickets.ts";

/** How long a client may take to join the visitor of a `connect` message. */
export const CONNECT_TICKET_MS = 10_000;

/** How long a ticket to park a connection can be shown. */
export const PARK_TICKET_MS = 60_000;

/**
 * How long a pool that is still half full waits before it is refilled: visitors who come together
 * cost one message, and the client dials after the visitor at hand was served, not meanwhile.
 */
export const REFILL_DELAY_MS = 20;

/** How long a connection stays parked. */
export const PARKED_MS = 5 * 60_000;

/** What a data connection's ticket stands for: called with the connection, which it takes over. */
export type Redeem = (conn: Duplex) => void;

/** How a visitor's request for a data connection ended. */
export type Dialled =
  | { state: "joined"; conn: Duplex }
  /** The client said that it cannot serve this visitor. */
  | { state: "refused" }
  /** The client did not come within the ticket's life. */
  | { state: "timeout" }
  /** The session ended meanwhile. */
  | { state: "ended" };

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

/** Options for {@linkcode Session}. */
export interface SessionOptions {
  username: string;
  tickets: Tickets<Redeem>;
  /** Sends a message to the client; never throws. */
  send: (message: RelayMessage) => void;
  /** Where a place is taken for each ticket to park with. @default always one */
  parking?: Parking;
  /** @default {setTimeout} */
  schedule?: Schedule;
}

/** A parked connection and the timer that ends it. */
interface Parked {
  conn: Duplex;
  /** Of those parked before it, a smaller number. */
  serial: number;
  /** Calls off the timer and gives the place back. */
  leave: () => void;
}

/** One client that is online: its parked connections and the visitors that wait for it. */
export class Session {
  readonly username: string;
  /** What the client last said of its way to the data port; undefined if it never did. */
  dataPath: DataPathWord | undefined;
  readonly #tickets: Tickets<Redeem>;
  readonly #send: (message: RelayMessage) => void;
  readonly #schedule: Schedule;
  readonly #parking: Parking;
  /** Oldest first. */
  readonly #parked: Parked[] = [];
  /** Granted to park with, not shown yet. */
  readonly #granted: Granted[] = [];
  readonly #waiting = new Map<string, (dialled: Dialled) => void>();
  /** Serials of connections that were taken, while they are in use. */
  readonly #taken = new WeakMap<Duplex, number>();
  #serial = 0;
  #poolSize = 0;
  /** Set while a refill is due. */
  #callOffRefill: (() => void) | undefined;
  #ended = false;

  constructor(options: SessionOptions) {
    this.username = options.username;
    this.#tickets = options.tickets;
    this.#send = options.send;
    this.#schedule = options.schedule ?? scheduleTimeout;
    this.#parking = options.parking ?? { take: () => ({ leave() {} }) };
  }

  /** Connections parked now. */
  get parked(): number {
    return this.#parked.length;
  }

  /** Whether the client says that visitors' connections cannot come about. */
  get unreachable(): boolean {
    return this.dataPath !== undefined && this.dataPath !== "works";
  }

  /** Sets how many parked connections the client wants to keep; closes those above it. */
  setPool(size: number): void {
    this.#poolSize = size;
    while (this.#parked.length > size) this.#dropParked(this.#parked[0]!);
    this.#grant();
  }

  /** Gets and removes the parked connection that came last: the likeliest to be alive. */
  takeParked(): Duplex | undefined {
    const parked = this.#parked.pop();
    if (parked === undefined) return undefined;
    parked.leave();
    this.#taken.set(parked.conn, parked.serial);
    // Refilled on check-out, so that the next visitor finds one too.
    this.#refill();
    return parked.conn;
  }

  /**
   * A connection that was taken is dead, so those that were parked before it are likely to be: closes
   * them, that no further visitor meets one.
   */
  distrust(conn: Duplex): void {
    const serial = this.#taken.get(conn);
    if (serial === undefined) return;
    for (const parked of [...this.#parked]) if (parked.serial < serial) this.#dropParked(parked);
  }

  /**
   * Asks the client for a data connection; the caller closes the one it gets.
   *
   * @param signal aborted when the visitor is gone: the ticket is void from then on.
   */
  dial(visitor: SocketAddress, signal?: AbortSignal): Promise<Dialled> {
    if (this.#ended || signal?.aborted) return Promise.resolve({ state: "ended" });
    const { promise, resolve } = Promise.withResolvers<Dialled>();
    const redeem: Redeem = (conn) => settle({ state: "joined", conn });
    const ticket = this.#tickets.issue(
      redeem,
      CONNECT_TICKET_MS,
      () => settle({ state: "timeout" }),
    );
    const settle = (dialled: Dialled): void => {
      this.#tickets.take(ticket);
      this.#waiting.delete(ticket);
      signal?.removeEventListener("abort", onGone);
      resolve(dialled);
    };
    const onGone = (): void => settle({ state: "ended" });
    this.#waiting.set(ticket, settle);
    signal?.addEventListener("abort", onGone, { once: true });
    this.#send({
      type: "connect",
      ticket,
      visitor: { address: visitor.address, port: visitor.port },
      expiresInMs: CONNECT_TICKET_MS,
    });
    return promise;
  }

  /** The client cannot serve the visitor of this ticket; one that is not known is ignored. */
  refuse(ticket: string): void {
    this.#waiting.get(ticket)?.({ state: "refused" });
  }

  /** Ends waiting visitors' requests and closes what is parked; joined connections go on. */
  end(): void {
    this.#ended = true;
    this.#callOffRefill?.();
    for (const settle of [...this.#waiting.values()]) settle({ state: "ended" });
    for (const { ticket, place } of this.#granted.splice(0)) {
      this.#tickets.take(ticket);
      place.leave();
    }
    for (const parked of [...this.#parked]) this.#dropParked(parked);
  }

  /** Grants tickets: at once when few are left, else together with those that are missing soon. */
  #refill(): void {
    if (this.#ended) return;
    if ((this.#parked.length + this.#granted.length) * 2 < this.#poolSize) return this.#grant();
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
    const tickets: string[] = [];
    while (this.#parked.length + this.#granted.length < this.#poolSize) {
      const place = this.#parking.take(this.username);
      if (place === undefined) break;
      const ticket = this.#tickets.issue(
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
      tickets.push(ticket);
    }
    if (tickets.length > 0) this.#send({ type: "tickets", tickets });
  }

  #park(granted: Granted, conn: Duplex): void {
    remove(this.#granted, granted);
    const { place } = granted;
    const callOff = this.#schedule(() => this.#dropParked(entry), PARKED_MS);
    const entry: Parked = {
      conn: new ReadAhead(conn, () => this.#dropParked(entry)),
      serial: this.#serial++,
      leave() {
        callOff();
        place.leave();
      },
    };
    this.#parked.push(entry);
    // The pool may have shrunk since the ticket was granted.
    if (this.#parked.length > this.#poolSize) this.#dropParked(this.#parked[0]!);
  }

  #dropParked(entry: Parked): void {
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
