import { closeQuietly } from "../../lib/net/splice.ts";
import { settleWithin } from "../../lib/net/pause.ts";
import { type ConnectProxy, openConnectProxy } from "./connect_proxy.ts";
import type { Lookup } from "./data_address.ts";
import { openLocalNamesProxy } from "./local_names.ts";
import { RelayPlaces } from "./relay_places.ts";
import { dialPlace, isLocalhostName } from "./relay_url.ts";

/** How long it is waited for the relay's addresses, milliseconds. */
const LOOKUP_MS = 2_000;

/** How long a host may take to prove its name, milliseconds. */
const PROOF_MS = 5_000;

/** How `fetch` and `WebSocket` reach one relay; pass `client` to either, as it is then. */
export interface RelayHttp {
  readonly client: Deno.HttpClient;
  /** Makes a TLS connection to the relay, for HTTP/1.1; the caller closes it. */
  connect(signal: AbortSignal): Promise<Deno.TlsConn>;
  /** Whether the relay answers at an address: whoever does proves its name. Never rejects. */
  isAt(address: string): Promise<boolean>;
  close(): void;
}

/**
 * Opens the way to a relay, trusting `ca` (PEM) besides the authorities of the system. Where its name has
 * several addresses, as soon as that is found, each connection goes to the first one that answers.
 *
 * @param lookup finds the addresses. @default the system's resolver
 * @throws {Error} if `ca` holds no certificate.
 */
export async function openRelayHttp(relay: URL, ca?: string, lookup?: Lookup): Promise<RelayHttp> {
  if (ca !== undefined && !ca.includes("-----BEGIN CERTIFICATE-----")) {
    throw new Error("Cannot trust the given authority: the file holds no PEM certificate");
  }
  const places = new RelayPlaces(relay, lookup);
  let way = openWay(ca, isLocalhostName(relay.hostname) ? openLocalNamesProxy() : undefined);
  const ways = [way];
  /** Looks whether there are several: the name may get them, or could not be found before. Never rejects. */
  async function find(): Promise<void> {
    if (way.isProxied || !await places.areSeveral() || way.isProxied || isClosed) return;
    try {
      ways.push(way = openWay(ca, openRelayProxy(relay, places)));
    } catch {
      // It may not listen on this computer.
    }
  }
  let isClosed = false;
  await settleWithin(LOOKUP_MS, [find()]);
  return {
    get client() {
      void find();
      return way.client;
    },
    connect: (signal) => connectTls(relay, (signal) => places.dial(signal), ca, signal),
    isAt: (address) => provesName(relay, address, ca),
    close() {
      isClosed = true;
      for (const each of ways) each.close();
    },
  };
}

/** Starts what reaches the relay where it answers, and nothing else. */
function openRelayProxy(relay: URL, places: RelayPlaces): ConnectProxy {
  const own = dialPlace(relay);
  return openConnectProxy((hostname, port, signal) =>
    hostname === relay.hostname && port === own.port ? places.dial(signal) : undefined
  );
}

/** @returns how `fetch` and `WebSocket` go: by the proxy, if there is one. */
function openWay(ca: string | undefined, proxy: ConnectProxy | undefined) {
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
    isProxied: proxy !== undefined,
    close() {
      client.close();
      proxy?.close();
    },
  };
}

/** Whether who answers at an address holds the relay's certificate. */
async function provesName(relay: URL, address: string, ca: string | undefined): Promise<boolean> {
  try {
    const dial = (signal: AbortSignal) => Deno.connect({ ...dialPlace(relay, address), signal });
    closeQuietly(await connectTls(relay, dial, ca, AbortSignal.timeout(PROOF_MS)));
    return true;
  } catch {
    return false;
  }
}

/** @throws {Error} unless the relay answers where `dial` connects to, or on abort. */
async function connectTls(
  relay: URL,
  dial: (signal: AbortSignal) => Promise<Deno.TcpConn>,
  ca: string | undefined,
  signal: AbortSignal,
): Promise<Deno.TlsConn> {
  let conn: Deno.Conn | undefined;
  const end = (): void => void (conn && closeQuietly(conn));
  signal.addEventListener("abort", end, { once: true });
  try {
    const tcp = await dial(signal);
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
