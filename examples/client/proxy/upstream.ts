import * as net from "node:net";
import * as tls from "node:tls";
import { closeQuietly, type Duplex } from "../../../lib/net/splice.ts";
import { inTime } from "../dial_first.ts";
import { NodeDuplex } from "../front/node_duplex.ts";
import { hasNodeTls } from "../front/node_tls_end.ts";
import { Pace } from "../front/pace.ts";
import { TlsWire } from "./tls_wire.ts";

/** How long connecting to the app may take, milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;

/** Where a web app listens. */
export interface Upstream {
  protocol: "http:" | "https:";
  /** Host name or address; of what the app calls itself where it listens on a path. */
  hostname: string;
  port: number;
  /** Host and, unless it is the protocol's own, port: what a browser would send as `Host`. */
  host: string;
  /** Path of a Unix socket, in the place of host and port. */
  path?: string;
}

/** Which certificates of an app with TLS are taken. */
export interface UpstreamTrust {
  /** PEM of authorities, besides the usual ones. */
  ca?: string;
  /** Takes any certificate. */
  insecure?: boolean;
}

/**
 * Reads where an app listens: `8000`, `localhost:8000`, `http://127.0.0.1:8000`,
 * `https://nas.local`, or `unix:/run/app.sock`.
 *
 * @throws {TypeError} with what is wrong, for a person.
 */
export function parseUpstream(given: string): Upstream {
  const text = given.trim();
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length).replace(/^\/\/(?=\/)/, "");
    if (path === "") throw new TypeError(`"${text}" names no socket, as unix:/run/app.sock does`);
    return { protocol: "http:", hostname: "localhost", port: 80, host: "localhost", path };
  }
  const spelled = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  // A number that stands alone is a port.
  const whole = spelled.replace(/(?<=:\/\/)(?=\d+\/?$)/, "127.0.0.1:");
  const url = URL.parse(whole);
  if (
    url === null || (url.protocol !== "http:" && url.protocol !== "https:") || url.port === "0" ||
    !isHostAsSpelled(url, whole)
  ) {
    throw new TypeError(`"${text}" is no address of an app, such as http://127.0.0.1:8000`);
  }
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "" || url.username !== "") {
    throw new TypeError(`"${text}" is more than a host and port: visitors choose the path`);
  }
  const { protocol, host } = url;
  return {
    protocol,
    host,
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || (protocol === "https:" ? "443" : "80")),
  };
}

/**
 * Whether a URL has the host that was written: a number, or some of the four of an address of IPv4, it takes
 * for an address that few would expect. What looks like an option is no host.
 */
function isHostAsSpelled({ hostname }: URL, text: string): boolean {
  return !hostname.startsWith("-") &&
    (!net.isIPv4(hostname) || text.includes(`://${hostname}`));
}

/** The address of an app, for people. */
export function upstreamName({ protocol, host, path }: Upstream): string {
  return path === undefined ? `${protocol}//${host}` : `unix:${path}`;
}

/**
 * Connects to an app; the caller closes.
 *
 * @throws {Error} if it does not take the connection within 10 s.
 */
export async function connectUpstream(
  upstream: Upstream,
  trust: UpstreamTrust = {},
  gone?: AbortSignal,
): Promise<Duplex> {
  if (upstream.path !== undefined) {
    return await Deno.connect({ transport: "unix", path: upstream.path });
  }
  const connect = (signal: AbortSignal) => connectAny(upstream, trust, signal);
  return await inTime(connect, CONNECT_TIMEOUT_MS, gone);
}

/** Connects to the first of an app's addresses that takes the connection. */
async function connectAny(
  upstream: Upstream,
  trust: UpstreamTrust,
  signal: AbortSignal,
): Promise<Duplex> {
  // Apps listen on one of the two, and which one depends on the resolver of their runtime.
  const names = upstream.hostname === "localhost" ? ["127.0.0.1", "::1"] : [upstream.hostname];
  let failure: unknown;
  for (const name of names) {
    try {
      return upstream.protocol === "https:"
        ? await connectTls(name, upstream, trust, signal)
        : await connectTcp(name, upstream.port, signal);
    } catch (error) {
      failure ??= error;
      if (signal.aborted) break;
    }
  }
  throw failure;
}

async function connectTcp(hostname: string, port: number, signal: AbortSignal): Promise<Duplex> {
  const conn = await Deno.connect({ hostname, port, signal });
  conn.setNoDelay(true);
  return conn;
}

/** By node:tls: `Deno.connectTls` cannot be told to take a certificate of the app's own making. */
async function connectTls(
  name: string,
  { hostname, port }: Upstream,
  { ca, insecure }: UpstreamTrust,
  signal: AbortSignal,
): Promise<Duplex> {
  signal.throwIfAborted();
  const pace = new Pace();
  // Before Deno 2.8 a TLS socket takes no stream of ours.
  const way: tls.ConnectionOptions = hasNodeTls()
    ? { socket: new TlsWire(await connectTcp(name, port, signal), pace), host: hostname }
    : { host: name, port };
  const socket = tls.connect({
    ...way,
    servername: net.isIP(hostname) === 0 ? hostname : undefined,
    ALPNProtocols: ["http/1.1"],
    ca: ca === undefined ? undefined : [...tls.rootCertificates, ca],
    rejectUnauthorized: insecure !== true,
    allowHalfOpen: true,
  } as tls.ConnectionOptions);
  const conn = pace.withinTls(new NodeDuplex(socket));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = (): void => reject(signal.reason);
  socket.once("secureConnect", resolve);
  socket.once("error", reject);
  socket.once("close", () => reject(new Error("the app closed within the TLS handshake")));
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    await promise;
    return conn;
  } catch (error) {
    closeQuietly(conn);
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
