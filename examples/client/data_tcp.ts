import { closeQuietly, writeAll } from "../../lib/net/splice.ts";
import { dataPreface } from "../../lib/wire/messages.ts";
import { normalizeAddress } from "../../lib/wire/proxy_protocol.ts";
import { AddressForbidden } from "./data_address.ts";
import type { DataLine } from "./data_line.ts";
import type { DataAddress } from "./data_path.ts";

/** How long one of several addresses may take before the next is tried, milliseconds: there may be 3 s for all. */
const ATTEMPT_MS = 1_000;

/**
 * Connects to the relay's data port, PROTOCOL section 3.
 *
 * @param addresses finds the addresses of a host to connect to, which are tried in this order.
 * @throws {AddressForbidden} if it may be connected to none.
 * @throws {Error} if none of them answers, or on abort.
 */
export async function openDataTcp(
  { hostname, port }: DataAddress,
  addresses: (hostname: string) => Promise<readonly string[]>,
  signal: AbortSignal,
): Promise<DataLine> {
  const allowed = await orAborted(addresses(hostname), signal);
  const conn = await connectAny(hostname, allowed, port, signal);
  conn.setNoDelay(true);
  // For a visitor who says nothing for hours: the system's probes begin after two.
  conn.setKeepAlive(true);
  return {
    conn,
    ownAddress: conn.localAddr.hostname,
    show: (ticket) => writeAll(conn, dataPreface(ticket)),
  };
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
