/**
 * Clients who are online: their control WebSockets, tickets and data connections. Imports the ground
 * floor.
 *
 * @module
 */
import type { Schedule } from "../net/schedule.ts";
import type { Duplex } from "../net/splice.ts";
import type { DataPathWord, RelayMessage } from "../wire/messages.ts";
import type { SocketAddress } from "../wire/proxy_protocol.ts";
import { PARK_TICKET_MS, ParkedPool, type Parking } from "./parked_pool.ts";
import type { Redeem, Tickets } from "./tickets.ts";

/** How long a client may take to join the visitor of a `connect` message. */
export const CONNECT_TICKET_MS = 10_000;

/** Visitors in a row to whom nothing of the client's came, before it is told so: one can be an accident. */
const UNANSWERED = 2;

/** How a visitor's request for a data connection ended. */
export type Dialled =
  | { state: "joined"; conn: Duplex }
  /** The client said that it cannot serve this visitor. */
  | { state: "refused" }
  /** The client did not come within the ticket's life. */
  | { state: "timeout" }
  /** The session ended meanwhile. */
  | { state: "ended" };

/** What another relay has this client told, for visitors that are there (PROTOCOL section 2). */
export type PassedOn =
  & Extract<RelayMessage, { type: "connect" | "tickets" }>
  & { dataHost: string; dataPort: number };

/** Options for {@linkcode Session}. */
export interface SessionOptions {
  username: string;
  tickets: Tickets<Redeem>;
  /** Sends a message to the client; never throws. */
  send: (message: RelayMessage) => void;
  /** Where a place is taken for each ticket to park with. @default always one */
  parking?: Parking;
  /** When the client was last heard, milliseconds of `performance.now()`. @default always just now */
  lastHeardAt?: () => number;
  /** @default {setTimeout} */
  schedule?: Schedule;
}

/** One client that is online: its parked connections and the visitors that wait for it. */
export class Session {
  readonly username: string;
  /** What the client last said of its way to the data port; undefined if it never did. */
  dataPath: DataPathWord | undefined;
  readonly #tickets: Tickets<Redeem>;
  readonly #send: (message: RelayMessage) => void;
  readonly #lastHeardAt: () => number;
  readonly #pool: ParkedPool;
  readonly #waiting = new Map<string, (dialled: Dialled) => void>();
  #ended = false;
  /** Visitors in a row to whom nothing of the client's came. */
  #unanswered = 0;

  constructor(options: SessionOptions) {
    const { username, tickets, send, lastHeardAt = () => Infinity } = options;
    this.username = username;
    this.#tickets = tickets;
    this.#send = send;
    this.#lastHeardAt = lastHeardAt;
    this.#pool = new ParkedPool({
      ...options,
      send: (tickets) => send({ type: "tickets", tickets }),
    });
  }

  /** Connections parked now. */
  get parked(): number {
    return this.#pool.size;
  }

  /** Whether the client says that visitors' connections cannot come about. */
  get unreachable(): boolean {
    return this.dataPath !== undefined && this.dataPath !== "works";
  }

  /** How many the client wants to keep parked. */
  get poolSize(): number {
    return this.#pool.wanted;
  }

  /** Sets how many parked connections the client wants to keep; closes those above it. */
  setPool(size: number): void {
    this.#pool.resize(size);
  }

  /** Gets and removes the parked connection that came last: the likeliest to be alive. */
  takeParked(): Duplex | undefined {
    return this.#pool.take();
  }

  /** A connection that was taken is dead: closes those that are likely to be, too. */
  distrust(conn: Duplex): void {
    this.#pool.distrust(conn);
  }

  /**
   * Whether a visitor who was joined got a byte of the client's in time: only this side sees what is lost on the way.
   * A client that tells of its data path is told when that changes.
   *
   * @param cameAt when the visitor came, milliseconds of `performance.now()`.
   */
  noteAnswer(answered: boolean, cameAt: number): void {
    // A computer that sleeps answers nobody, whatever the way is like. One that does not answers the ping behind what it
    // is told for each visitor, which may be before it has joined them.
    if (!answered && this.#lastHeardAt() < cameAt) return;
    const before = this.#unanswered;
    this.#unanswered = answered ? 0 : before + 1;
    const isNews = answered ? before >= UNANSWERED : this.#unanswered === UNANSWERED;
    if (isNews && this.dataPath !== undefined) this.#send({ type: "visitors", answered });
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

  /**
   * Tells the client what another relay asks of it, once where that came twice; of tickets no more than it
   * wants to keep parked.
   *
   * @param onShown called when the client shows such a ticket here, as one does that overlooks where it
   * is to be shown; takes the connection over.
   * @param onRefused called when the client refuses it.
   */
  passOn(message: PassedOn, { onShown, onRefused }: {
    onShown: (conn: Duplex, ticket: string) => void;
    onRefused: (ticket: string) => void;
  }): void {
    if (this.#ended) return;
    if (message.type === "tickets") {
      const tickets = message.tickets.filter((ticket) => !this.#tickets.has(ticket))
        .slice(0, this.poolSize);
      for (const ticket of tickets) {
        this.#tickets.hold(ticket, (conn) => onShown(conn, ticket), PARK_TICKET_MS, () => {});
      }
      if (tickets.length > 0) this.#send({ ...message, tickets });
      return;
    }
    const { ticket, expiresInMs } = message;
    if (this.#tickets.has(ticket)) return;
    const over = (): void => {
      this.#tickets.take(ticket);
      this.#waiting.delete(ticket);
    };
    const redeem: Redeem = (conn) => {
      over();
      onShown(conn, ticket);
    };
    this.#tickets.hold(ticket, redeem, expiresInMs, over);
    this.#waiting.set(ticket, ({ state }) => {
      over();
      if (state === "refused") onRefused(ticket);
    });
    this.#send(message);
  }

  /** The client cannot serve the visitor of this ticket; one that is not known is ignored. */
  refuse(ticket: string): void {
    this.#waiting.get(ticket)?.({ state: "refused" });
  }

  /** The client went elsewhere with this ticket, so its visitor looks again; one that is not known is ignored. */
  stray(ticket: string): void {
    this.#waiting.get(ticket)?.({ state: "ended" });
  }

  /** The data port is another process's by now: waiting visitors look again. */
  askAnew(): void {
    for (const settle of [...this.#waiting.values()]) settle({ state: "ended" });
  }

  /** Ends waiting visitors' requests and closes what is parked; joined connections go on. */
  end(): void {
    this.#ended = true;
    this.askAnew();
    this.#pool.end();
  }
}
