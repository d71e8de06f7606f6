import { closeQuietly } from "../../lib/net/splice.ts";
import { openLocalNamesProxy } from "./local_names.ts";
import { dialPlace, isLocalhostName } from "./relay_url.ts";

/** How long a host may take to prove its name, milliseconds. */
const PROOF_MS = 5_000;

/** How `fetch` and `WebSocket` reach one relay; pass `client` to either. */
export interface RelayHttp {
  client: Deno.HttpClient;
  /** Makes a TLS connection to the relay, for HTTP/1.1; the caller closes it. */
  connect(signal: AbortSignal): Promise<Deno.TlsConn>;
  /** Whether the relay answers at an address: whoever does proves its name. Never rejects. */
  isAt(address: string): Promise<boolean>;
  close(): void;
}

/**
 * Opens the way to a relay, trusting `ca` (PEM) besides the authorities of the system.
 *
 * @throws {Error} if `ca` holds no certificate.
 */
export function openRelayHttp(relay: URL, ca?: string): RelayHttp {
  if (ca !== undefined && !ca.includes("-----BEGIN CERTIFICATE-----")) {
    throw new Error("Cannot trust the given authority: the file holds no PEM certificate");
  }
  const proxy = isLocalhostName(relay.hostname) ? openLocalNamesProxy() : undefined;
  const client = Deno.createHttpClient({
    caCerts: ca === undefined ? [] : [ca],
    // A connection for each request: one that the network swallowed would otherwise be tried again
    // and again, and a heartbeat over it would say that a healthy relay is gone.
    poolMaxIdlePerHost: 0,
    http2: false,
    ...(proxy === undefined ? {} : { proxy: { url: proxy.url } }),
  });
  return {
    client,
    connect: (signal) => connectTls(relay, undefined, ca, signal),
    isAt: (address) => provesName(relay, address, ca),
    close() {
      client.close();
      proxy?.close();
    },
  };
}

/** Whether who answers at an address holds the relay's certificate. */
async function provesName(relay: URL, address: string, ca: string | undefined): Promise<boolean> {
  try {
    closeQuietly(await connectTls(relay, address, ca, AbortSignal.timeout(PROOF_MS)));
    return true;
  } catch {
    return false;
  }
}

/** @throws {Error} unless the relay answers, at this host if one is given, or on abort. */
async function connectTls(
  relay: URL,
  host: string | undefined,
  ca: string | undefined,
  signal: AbortSignal,
): Promise<Deno.TlsConn> {
  let conn: Deno.Conn | undefined;
  const end = (): void => void (conn && closeQuietly(conn));
  signal.addEventListener("abort", end, { once: true });
  try {
    const tcp = await Deno.connect({ ...dialPlace(relay, host), signal });
    conn = tcp;
    tcp.setNoDelay(true);
    // For a visitor who says nothing for hours: the system's probes begin after two.
    tcp.setKeepAlive(true);
    const tls = await Deno.startTls(tcp, {
      hostname: relay.hostname.replace(/\.$/, ""),
      caCerts: ca === undefined ? [] : [ca],
      alpnProtocols: ["http/1.1"],
    });
    conn = tls;
    await tls.handshake();
    return tls;
  } catch (error) {
    end();
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", end);
  }
}
