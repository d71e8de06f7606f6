import { closeQuietly } from "../../lib/net/splice.ts";
import { type ConnectProxy, openConnectProxy } from "./connect_proxy.ts";
import type { Lookup } from "./data_address.ts";
import { openLocalNamesProxy } from "./local_names.ts";
import { isName, RelayPlaces } from "./relay_places.ts";
import { dialPlace, isLocalhostName } from "./relay_url.ts";

/** Names of the environment's variables by which the runtime goes by a proxy. */
const PROXY_VARIABLES = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/** How long a host may take to prove its name, milliseconds. */
const PROOF_MS = 5_000;

/** How `fetch` and `WebSocket` reach one relay. */
export interface RelayHttp {
  /** For requests. */
  readonly client: Deno.HttpClient;
  /** For the control session: where its relay has several addresses, it is where this went last. */
  readonly session: Deno.HttpClient;
  /** Why the last request did not reach the relay, where `fetch` does not tell that. */
  readonly failure: unknown;
  /** Makes a TLS connection to where the control session is, for HTTP/1.1; the caller closes it. */
  connect(signal: AbortSignal): Promise<Deno.TlsConn>;
  /** Whether the relay answers at an address: whoever does proves its name. Never rejects. */
  isAt(address: string): Promise<boolean>;
  close(): void;
}

/**
 * Opens the way to a relay, trusting `ca` (PEM) besides the authorities of the system. Where its name has
 * several addresses each connection goes to the first one that answers, unless the environment names a proxy.
 *
 * @param lookup finds the addresses. @default the system's resolver
 * @throws {Error} if `ca` holds no certificate.
 */
export function openRelayHttp(relay: URL, ca?: string, lookup?: Lookup): RelayHttp {
  if (ca !== undefined && !ca.includes("-----BEGIN CERTIFICATE-----")) {
    throw new Error("Cannot trust the given authority: the file holds no PEM certificate");
  }
  const places = new RelayPlaces(relay, lookup);
  const requests = openWay(ca, openProxy(relay, (signal) => places.dial(signal)));
  const session = openWay(ca, openProxy(relay, (signal) => places.dialSession(signal)));
  return {
    client: requests.client,
    session: session.client,
    get failure() {
      return requests.proxy?.failure;
    },
    connect: (signal) => connectTls(relay, (signal) => places.dialHome(signal), ca, signal),
    isAt: (address) => provesName(relay, address, ca),
    close() {
      requests.close();
      session.close();
    },
  };
}

/** Starts what reaches the relay by `dial`, and nothing else, where the runtime would not do that by itself. */
function openProxy(
  relay: URL,
  dial: (signal: AbortSignal) => Promise<Deno.TcpConn>,
): ConnectProxy | undefined {
  if (isLocalhostName(relay.hostname)) return openLocalNamesProxy();
  if (!isName(relay.hostname) || !hasOwnWay()) return undefined;
  const own = dialPlace(relay);
  return openConnectProxy((hostname, port, signal) =>
    hostname === relay.hostname && port === own.port ? dial(signal) : undefined
  );
}

/** Whether this program may listen on this computer, and knows that the environment names no proxy. */
function hasOwnWay(): boolean {
  const isGranted = (what: Deno.PermissionDescriptor): boolean =>
    Deno.permissions.querySync(what).state === "granted";
  return isGranted({ name: "net", host: "127.0.0.1" }) &&
    PROXY_VARIABLES.every((variable) =>
      isGranted({ name: "env", variable }) && !Deno.env.get(variable)
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
    proxy,
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
