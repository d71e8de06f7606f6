import { closeQuietly, type Duplex } from "../../lib/net/splice.ts";
import { DATA_REFUSED } from "../../lib/wire/messages.ts";
import {
  MAX_PROXY_HEADER_BYTES,
  parseProxyHeader,
  type SocketAddress,
} from "../../lib/wire/proxy_protocol.ts";
import { type DataLine, TicketRefused } from "./data_line.ts";

/** How long showing the ticket may take, milliseconds. */
const SHOW_TIMEOUT_MS = 5_000;

/** How long the relay may take to answer this side's end, milliseconds. */
const END_TIMEOUT_MS = 5_000;

/** How long the PROXY header may take from its first byte, milliseconds. */
const HEADER_TIMEOUT_MS = 5_000;

/** A connection to which no visitor was joined in time. */
export class NoVisitor extends Error {
  override readonly name = "NoVisitor";

  constructor() {
    super("Cannot use data connection: no visitor in time");
  }
}

/** What answers a ticket is no data port of a relay: the ticket is as good as before. */
export class Foreign extends Error {
  override readonly name = "Foreign";

  constructor(why: string) {
    super(`Cannot read PROXY header: ${why}`);
  }
}

/** A visitor at the other end of a data connection; whoever has it closes `conn`. */
export interface JoinedVisitor {
  state: "joined";
  conn: Duplex;
  /** The PROXY header that said who it is, as it came. */
  header: Uint8Array;
  /** The first bytes behind it. */
  head: Uint8Array;
  /** Where the visitor comes from; absent when the relay does not know it. */
  visitor?: SocketAddress;
}

/** What became of a data connection, PROTOCOL section 3. */
export type DataConnection =
  | JoinedVisitor
  /** The relay did not take the ticket. Closed. */
  | { state: "refused" }
  /**
   * The relay ended it before a visitor came, or this side did; `unanswered` where the relay did not
   * answer that. Closed.
   */
  | { state: "ended"; unanswered?: true };

/** Options for {@linkcode useTicket}. */
export interface TicketOptions {
  ticket: string;
  /** How long the relay may take to join a visitor, milliseconds. */
  joinWithinMs: number;
  /** When to end a connection that no visitor was joined to, milliseconds. @default never */
  endAfterMs?: number;
  /** Closes the connection when aborted before a visitor is joined. */
  signal: AbortSignal;
  /** Called when the ticket was shown, and so used up. */
  onShown?: () => void;
}

/**
 * Shows a ticket on a line to the relay, and waits for a visitor.
 *
 * @throws {NoVisitor} if it joins none in time.
 * @throws {Foreign} if no relay answers.
 * @throws {Error} if the relay is silent for too long or breaks the protocol, or on abort; the line
 * is closed then.
 */
export async function useTicket(
  { conn, show }: DataLine,
  options: TicketOptions,
): Promise<DataConnection> {
  const { ticket, joinWithinMs, endAfterMs, signal, onShown } = options;
  let late: Error | undefined;
  let ending = false;
  const fail = (failure: Error): void => {
    late = failure;
    closeQuietly(conn);
  };
  const end = (why: string): void => fail(new Error(`Cannot use data connection: ${why}`));
  const abort = (): void => end("asked to stop");
  let timer = setTimeout(() => end("the relay takes no bytes"), SHOW_TIMEOUT_MS);
  signal.addEventListener("abort", abort, { once: true });
  try {
    signal.throwIfAborted();
    await show(ticket);
    onShown?.();
    clearTimeout(timer);
    if (endAfterMs === undefined) {
      timer = setTimeout(() => fail(new NoVisitor()), joinWithinMs);
    } else {
      timer = setTimeout(() => {
        ending = true;
        conn.closeWrite().catch(() => {});
        timer = setTimeout(() => closeQuietly(conn), END_TIMEOUT_MS);
      }, endAfterMs);
    }
    const result = await readHeader(conn, () => {
      clearTimeout(timer);
      timer = setTimeout(() => fail(new Foreign("it is late")), HEADER_TIMEOUT_MS);
    });
    if (result.state === "joined" && !ending) return result;
    closeQuietly(conn);
    // A visitor who came in that moment cannot be answered here; the relay asks for another.
    return ending ? { state: "ended" } : result;
  } catch (error) {
    closeQuietly(conn);
    if (error instanceof TicketRefused) return { state: "refused" };
    if (ending && late === undefined) return { state: "ended", unanswered: true };
    throw late ?? error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

/** Reads up to the end of the PROXY header, or the refusal in its place. */
async function readHeader(conn: Duplex, onFirstByte: () => void): Promise<DataConnection> {
  const buffer = new Uint8Array(MAX_PROXY_HEADER_BYTES);
  let length = 0;
  while (true) {
    const n = await conn.read(buffer.subarray(length));
    if (n === null && length === 0) return { state: "ended" };
    if (n === null) throw new Foreign("the connection ended within it");
    if (length === 0) onFirstByte();
    length += n;
    const bytes = buffer.subarray(0, length);
    if (startsLike(bytes, DATA_REFUSED)) {
      if (length >= DATA_REFUSED.length) return { state: "refused" };
      continue;
    }
    const header = parseProxyHeader(bytes);
    if (header.state === "reject") throw new Foreign(header.detail);
    if (header.state === "more") continue;
    return {
      state: "joined",
      conn,
      header: bytes.slice(0, header.length),
      head: bytes.slice(header.length),
      visitor: header.addresses?.source,
    };
  }
}

/** Whether `bytes` agree with `start` as far as both go. */
function startsLike(bytes: Uint8Array, start: Uint8Array): boolean {
  return bytes.subarray(0, start.length).every((byte, i) => byte === start[i]);
}
