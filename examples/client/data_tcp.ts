import { orAborted } from "../../lib/net/pause.ts";
import { closeQuietly, writeAll } from "../../lib/net/splice.ts";
import { dataPreface } from "../../lib/wire/messages.ts";
import { normalizeAddress } from "../../lib/wire/proxy_protocol.ts";
import { AddressForbidden } from "./data_address.ts";
import type { DataLine } from "./data_line.ts";
import type { DataAddress } from "./data_path.ts";
import { dialFirst } from "./dial_first.ts";

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
  const conn = await dialFirst(allowed, ATTEMPT_MS, async (address, signal) => {
    try {
      return await Deno.connect({ hostname: address, port, signal });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotCapable)) throw error;
      // A user has granted the name alone.
      return await connectByName(hostname, allowed, port, signal);
    }
  }, signal);
  conn.setNoDelay(true);
  // For a visitor who says nothing for hours: the system's probes begin after two.
  conn.setKeepAlive(true);
  return {
    conn,
    ownAddress: conn.localAddr.hostname,
    show: (ticket) => writeAll(conn, dataPreface(ticket)),
  };
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
