import { closeQuietly, type Duplex, writeAll } from "../../lib/net/splice.ts";
import { DATA_REFUSED, isTicket, PREFACE_BYTES, readPreface } from "../../lib/wire/messages.ts";
import type { Changes } from "./changes.ts";
import type { DataWebSocket } from "./data_web_socket.ts";

/** How long a ticket can be shown, milliseconds (PROTOCOL section 3). */
const TICKET_MS = 60_000;

/** A data connection that showed a ticket and waits for its visitor. */
export interface Waiting {
  conn: Duplex;
  /** What the client says first; it must not come before a visitor is joined. Null at its end. */
  first: Promise<Uint8Array | null>;
}

/** What a client did at a data port. */
export interface Shown {
  ticket: string;
  /** What the ticket was for; undefined when it was not, or no longer, good. */
  kind: "park" | "connect" | undefined;
  port: number;
  at: number;
}

/** The relay's data ports, PROTOCOL section 3; there are two, for messages that name another. */
export class DataPorts {
  /** Everything that was shown, in order. */
  readonly shown: Shown[] = [];
  /** Faults that no check has to look for: they fail the one named `tickets`. */
  readonly faults: string[] = [];
  readonly parked: Waiting[] = [];
  readonly joining = new Map<string, Waiting>();
  /** Refuses every ticket. */
  refuses = false;
  /** Has clients told of a port where nothing listens. */
  tcpBlocked = false;
  /** Tickets that were shown over a WebSocket. */
  overWebSocket = 0;
  /** Where nothing listens. */
  readonly #closedPort: number;
  readonly #tickets = new Map<string, { kind: "park" | "connect" | "extra"; until: number }>();
  readonly #listeners: Deno.TcpListener[];
  readonly #conns = new Set<Deno.TcpConn>();
  readonly #changes: Changes;

  constructor(changes: Changes) {
    this.#changes = changes;
    this.#listeners = [0, 1].map(() => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
    for (const listener of this.#listeners) this.#accept(listener);
    const closed = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#closedPort = closed.addr.port;
    closed.close();
  }

  /** Port of the first or of the second. */
  port(which: 0 | 1): number {
    if (this.tcpBlocked) return this.#closedPort;
    return (this.#listeners[which]!.addr as Deno.NetAddr).port;
  }

  /** Makes a ticket that can be shown once; `extra` for parking more than is wanted. */
  ticket(kind: "park" | "connect" | "extra"): string {
    const ticket = crypto.getRandomValues(new Uint8Array(16)).toBase64({
      alphabet: "base64url",
      omitPadding: true,
    });
    this.#tickets.set(ticket, { kind, until: Date.now() + TICKET_MS });
    return ticket;
  }

  /** Tickets to park with that were granted, not shown, and can still be. */
  get granted(): number {
    const now = Date.now();
    return [...this.#tickets.values()].filter(({ kind, until }) => kind === "park" && now < until)
      .length;
  }

  /** Forgets what was granted: tickets belong to a session. */
  forget(): void {
    this.#tickets.clear();
    this.refuses = false;
    for (const { conn } of this.parked.splice(0)) closeQuietly(conn);
  }

  /** Closes everything. */
  close(): void {
    for (const listener of this.#listeners) listener.close();
    for (const conn of this.#conns) closeQuietly(conn);
  }

  async #accept(listener: Deno.TcpListener): Promise<void> {
    const { port } = listener.addr as Deno.NetAddr;
    while (true) {
      const conn = await listener.accept().catch(() => undefined);
      if (conn === undefined) return;
      this.#conns.add(conn);
      this.#serve(conn, port).catch(() => closeQuietly(conn));
    }
  }

  async #serve(conn: Deno.TcpConn, port: number): Promise<void> {
    conn.setNoDelay(true);
    const bytes = new Uint8Array(PREFACE_BYTES + 64);
    let length = 0;
    while (length < PREFACE_BYTES) {
      const n = await conn.read(bytes.subarray(length));
      if (n === null) {
        if (length > 0) this.#fault(`a data connection ended after ${length} of 33 bytes`);
        return closeQuietly(conn);
      }
      length += n;
    }
    const ticket = readPreface(bytes.subarray(0, PREFACE_BYTES));
    if (ticket === undefined) this.#fault("the first 33 bytes of a data connection are no ticket");
    if (length > PREFACE_BYTES) this.#fault("a client spoke before a visitor was joined");
    const refuse = () => writeAll(conn, DATA_REFUSED).finally(() => closeQuietly(conn));
    this.#show(conn, ticket, port, () => void refuse().catch(() => {}));
  }

  /** Serves a data connection over WebSocket. */
  async serveWebSocket(conn: DataWebSocket): Promise<void> {
    const message = await conn.message();
    const text = message === null ? "" : new TextDecoder().decode(message);
    if (!isTicket(text)) this.#fault("the first message of a data connection is no ticket");
    this.overWebSocket++;
    this.#show(conn, isTicket(text) ? text : undefined, 0, () => conn.refuse());
  }

  #show(conn: Duplex, ticket: string | undefined, port: number, refuse: () => void): void {
    const kind = this.#kindOf(ticket ?? "");
    this.#tickets.delete(ticket ?? "");
    if (this.shown.some((earlier) => earlier.ticket === ticket && !this.refuses)) {
      this.#fault("a ticket was shown twice");
    }
    this.shown.push({ ticket: ticket ?? "", kind, port, at: Date.now() });
    if (kind === undefined) refuse();
    else this.#wait(conn, kind, ticket!);
    this.#changes.tell();
  }

  #kindOf(ticket: string): "park" | "connect" | undefined {
    const known = this.#tickets.get(ticket);
    if (known === undefined || this.refuses || Date.now() >= known.until) return undefined;
    return known.kind === "connect" ? "connect" : "park";
  }

  #wait(conn: Duplex, kind: "park" | "connect", ticket: string): void {
    const waiting: Waiting = { conn, first: readOnce(conn) };
    if (kind === "connect") {
      this.joining.set(ticket, waiting);
      return;
    }
    this.parked.push(waiting);
    waiting.first.then((bytes) => {
      const at = this.parked.indexOf(waiting);
      if (at < 0) return;
      this.parked.splice(at, 1);
      if (bytes !== null) this.#fault("a parked connection spoke before a visitor was joined");
      closeQuietly(conn);
      this.#changes.tell();
    });
  }

  #fault(what: string): void {
    this.faults.push(what);
    this.#changes.tell();
  }
}

async function readOnce(conn: Duplex): Promise<Uint8Array | null> {
  const bytes = new Uint8Array(64 * 1024);
  const n = await conn.read(bytes).catch(() => null);
  return n === null ? null : bytes.slice(0, n);
}
