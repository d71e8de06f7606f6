import type { Duplex } from "../../lib/net/splice.ts";

/** What carries data connections: PROTOCOL section 3, or section 5. */
export const TRANSPORTS = ["tcp", "websocket"] as const;

/** One of {@linkcode TRANSPORTS}. */
export type Transport = (typeof TRANSPORTS)[number];

/** A connection to the relay on which a ticket can be shown. Whoever opened it closes `conn`. */
export interface DataLine {
  /** What comes behind the ticket: the PROXY header and a visitor's bytes, or {@linkcode TicketRefused}. */
  conn: Duplex;
  /** This computer's address on it, which tells in which network it is. */
  ownAddress: string;
  /** Sends the ticket. */
  show(ticket: string): Promise<void>;
}

/** The relay does not take the ticket; thrown by reading from a line that has no other way to say it. */
export class TicketRefused extends Error {
  override readonly name = "TicketRefused";

  constructor() {
    super("Cannot use ticket: the relay refused it");
  }
}
