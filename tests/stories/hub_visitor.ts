import type { Relay } from "./relay.ts";
import { closeQuietly, splice, writeAll } from "../../lib/net/splice.ts";
import { encodeProxyV2, type SocketAddress } from "../../lib/wire/proxy_protocol.ts";
import { bytes, hello, type Part, serverName } from "../wire/hello_builder.ts";

/** The alert records that the relay sends, by the alert's name. */
export const ALERT = {
  decodeError: "15030300020232",
  internalError: "15030300020250",
  unrecognizedName: "15030300020270",
} as const;

/** A request to connect of SOCKS4, as HAProxy's `socks4` sends it first, and what grants it in hex. */
export const SOCKS4 = {
  request: bytes([4, 1, 0x11, 0x4e, 127, 0, 0, 1], "HAProxy", [0]),
  granted: "005a000000000000",
} as const;

/** Where a visitor's PROXY header says that it connected to. */
export const DESTINATION: SocketAddress = { address: "198.51.100.80", port: 443 };

/** Sends parts to a listener of the relay and leaves the connection open. */
export async function send(
  relay: Relay,
  parts: Part[],
  listener = "hub",
): Promise<Deno.TcpConn> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: relay.ports[listener]! });
  await writeAll(conn, bytes(...parts)).catch(() => {});
  return conn;
}

/** Sends parts and returns all that comes back, in hex; empty also for a reset. */
export async function answer(
  relay: Relay,
  parts: Part[],
  options: { end?: boolean; listener?: string } = {},
): Promise<string> {
  using conn = await send(relay, parts, options.listener);
  if (options.end) await conn.closeWrite().catch(() => {});
  return await rest(conn);
}

/** All that still comes, in hex; what came before a reset counts. */
export async function rest(conn: Pick<Deno.Conn, "read">): Promise<string> {
  let hex = "";
  const chunk = new Uint8Array(64 * 1024);
  try {
    for (let n = await conn.read(chunk); n !== null; n = await conn.read(chunk)) {
      hex += chunk.subarray(0, n).toHex();
    }
  } catch {
    // A reset ends it too.
  }
  return hex;
}

/** A version 2 PROXY header of a visitor, as a proxy of ours sends it. */
export function proxied(address: string, port = 50_000): Uint8Array<ArrayBuffer> {
  return encodeProxyV2({ source: { address, port }, destination: DESTINATION });
}

/** A ClientHello for a name. */
export function helloFor(name: string): Uint8Array<ArrayBuffer> {
  return hello({ extensions: [serverName(name)] });
}

/** The debug lines of ended connections, as what they ended with. */
export function outcomes(relay: Relay): unknown[] {
  return relay.lines.filter((line) => line.message === "visitor's connection ended")
    .map((line) => line.outcome);
}

/** Waits for the debug line of a connection that ended so. */
export function ended(
  relay: Relay,
  outcome: string,
  fields: Record<string, unknown> = {},
): Promise<Record<string, unknown>> {
  return relay.logged("visitor's connection ended", { outcome, ...fields });
}

/**
 * A relay whose control port is reached through a proxy of ours, for clients that know nothing of
 * PROXY headers; the proxy ends with it.
 *
 * @param address whose the connections are said to be.
 */
export function behindProxy(
  relay: Relay,
  address = "192.0.2.200",
): { relay: Relay } & Disposable {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.TcpConn>();
  (async () => {
    for await (const conn of listener) {
      open.add(conn);
      const onward = await send(relay, [proxied(address, conn.remoteAddr.port)], "control");
      splice(conn, onward).then(() => open.delete(conn));
    }
  })();
  return {
    relay: { ...relay, ports: { ...relay.ports, control: listener.addr.port } },
    [Symbol.dispose]() {
      listener.close();
      for (const conn of open) closeQuietly(conn);
    },
  };
}
