import { closeQuietly, writeAll } from "../../lib/net/splice.ts";
import { DATA_REFUSED, dataPreface } from "../../lib/wire/messages.ts";
import {
  MAX_PROXY_HEADER_BYTES,
  normalizeAddress,
  parseProxyHeader,
  type SocketAddress,
} from "../../lib/wire/proxy_protocol.ts";
import { AddressForbidden } from "./data_address.ts";

/** How long connecting and showing the ticket may take, milliseconds. */
const DIAL_TIMEOUT_MS = 5_000;

/** How long one of several addresses may take before the next is tried, milliseconds. */
const ATTEMPT_MS = 1_500;

/** How long the relay may take to answer this side's end, milliseconds. */
const END_TIMEOUT_MS = 5_000;

/** How long the PROXY header may take from its first byte, milliseconds. */
const HEADER_TIMEOUT_MS = 5_000;

/** What became of a data connection, PROTOCOL section 3. */
export type DataConnection =
  /** A visitor is at the other end; `head` are its first bytes. The caller closes `conn`. */
  | { state: "joined"; conn: Deno.TcpConn; head: Uint8Array; visitor?: SocketAddress }
  /** The relay did not take the ticket. Closed. */
  | { state: "refused" }
  /**
   * The relay ended it before a visitor came, or this side did; `unanswered` where the relay did not
   * answer that. Closed.
   */
  | { state: "ended"; unanswered?: true };

/** Options for {@linkcode openDataConnection}. */
export interface DataConnectionOptions {
  hostname: string;
  /** Finds the addresses of a host to connect to, which are tried in this order. */
  addresses: (hostname: string) => Promise<readonly string[]>;
  port: number;
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
 * Connects to the relay's data port, shows the ticket, and waits for a visitor.
 *
 * @throws {Error} if the relay cannot be reached, is silent for too long or breaks the protocol, or
 * on abort; the connection is closed then.
 */
export async function openDataConnection(options: DataConnectionOptions): Promise<DataConnection> {
  const { hostname, addresses, port, ticket, joinWithinMs, endAfterMs, signal, onShown } = options;
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]);
  const allowed = await orAborted(addresses(hostname), inTime);
  const conn = await connectAny(hostname, allowed, port, inTime);
  let late = "";
  let ending = false;
  const end = (why: string): void => {
    late = why;
    closeQuietly(conn);
  };
  const abort = (): void => end("asked to stop");
  let timer = setTimeout(() => end("the relay takes no bytes"), DIAL_TIMEOUT_MS);
  signal.addEventListener("abort", abort, { once: true });
  try {
    signal.throwIfAborted();
    conn.setNoDelay(true);
    // For a visitor who says nothing for hours: the system's probes begin after two.
    conn.setKeepAlive(true);
    await writeAll(conn, dataPreface(ticket));
    onShown?.();
    clearTimeout(timer);
    if (endAfterMs === undefined) {
      timer = setTimeout(() => end("no visitor in time"), joinWithinMs);
    } else {
      timer = setTimeout(() => {
        ending = true;
        conn.closeWrite().catch(() => {});
        timer = setTimeout(() => closeQuietly(conn), END_TIMEOUT_MS);
      }, endAfterMs);
    }
    const result = await readHeader(conn, () => {
      clearTimeout(timer);
      timer = setTimeout(() => end("the PROXY header is late"), HEADER_TIMEOUT_MS);
    });
    if (result.state === "joined" && !ending) return result;
    closeQuietly(conn);
    // A visitor who came in that moment cannot be answered here; the relay asks for another.
    return ending ? { state: "ended" } : result;
  } catch (error) {
    closeQuietly(conn);
    if (ending && late === "") return { state: "ended", unanswered: true };
    if (late !== "") throw new Error(`Cannot use data connection: ${late}`);
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

/** Connects to the first of a host's addresses that answers. */
async function connectAny(
  name: string,
  addresses: readonly string[],
  port: number,
  signal: AbortSignal,
): Promise<Deno.TcpConn> {
  let failure: unknown;
  for (const [i, hostname] of addresses.entries()) {
    const last = i === addresses.length - 1;
    const attempt = last ? signal : AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_MS)]);
    try {
      return await Deno.connect({ hostname, port, signal: attempt });
    } catch (error) {
      signal.throwIfAborted();
      // A user has granted the name alone.
      if (error instanceof Deno.errors.NotCapable) {
        return await connectByName(name, addresses, port, signal);
      }
      failure = error;
    }
  }
  throw failure;
}

/** Connects to a host, which by now may have other addresses: those are not spoken to. */
async function connectByName(
  name: string,
  addresses: readonly string[],
  port: number,
  signal: AbortSignal,
): Promise<Deno.TcpConn> {
  const conn = await Deno.connect({ hostname: name, port, signal });
  const known = addresses.map(normalizeAddress);
  if (known.includes(normalizeAddress(conn.remoteAddr.hostname))) return conn;
  closeQuietly(conn);
  throw new AddressForbidden();
}

/** What is promised, or the signal's reason when that is aborted before. */
async function orAborted<T>(promised: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([promised, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** Reads up to the end of the PROXY header, or the refusal in its place. */
async function readHeader(conn: Deno.TcpConn, onFirstByte: () => void): Promise<DataConnection> {
  const buffer = new Uint8Array(MAX_PROXY_HEADER_BYTES);
  let length = 0;
  while (true) {
    const n = await conn.read(buffer.subarray(length));
    if (n === null && length === 0) return { state: "ended" };
    if (n === null) throw new Error("Cannot read PROXY header: the connection ended within it");
    if (length === 0) onFirstByte();
    length += n;
    const bytes = buffer.subarray(0, length);
    if (startsLike(bytes, DATA_REFUSED)) {
      if (length >= DATA_REFUSED.length) return { state: "refused" };
      continue;
    }
    const header = parseProxyHeader(bytes);
    if (header.state === "reject") throw new Error(`Cannot read PROXY header: ${header.detail}`);
    if (header.state === "more") continue;
    return {
      state: "joined",
      conn,
      head: bytes.slice(header.length),
      visitor: header.addresses?.source,
    };
  }
}

/** Whether `bytes` agree with `start` as far as both go. */
function startsLike(bytes: Uint8Array, start: Uint8Array): boolean {
  return bytes.subarray(0, start.length).every((byte, i) => byte === start[i]);
}
