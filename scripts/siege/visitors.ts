import { sleep } from "../../lib/net/pause.ts";
import { encodeProxyV2 } from "../../lib/wire/proxy_protocol.ts";
import { closeQuietly, writeAll } from "../../lib/net/splice.ts";
import type { Relay } from "../../tests/stories/relay.ts";

/** How long a good visitor waits for a page before it counts as failed. */
const PATIENCE_MS = 10_000;

/** How the visits of good visitors went. */
export interface Visits {
  /** Milliseconds from the first packet to the last byte of the page, of those who got it. */
  times: number[];
  /** Why others did not. */
  failures: string[];
}

/** Options for {@linkcode sendVisitors}. */
export interface VisitOptions {
  relay: Relay;
  hostname: string;
  /** The page that they expect. */
  body: string;
  count: number;
  /** Spread evenly over this time. */
  seconds: number;
  /** Whether each comes behind a PROXY header with an address of its own. */
  proxied: boolean;
}

/** Lets visitors come one after the other, whether those before them are done or not. */
export async function sendVisitors(options: VisitOptions): Promise<Visits> {
  const { count, seconds } = options;
  const visits: Visits = { times: [], failures: [] };
  const started = performance.now();
  const running: Promise<void>[] = [];
  for (let i = 0; i < count; i++) {
    const early = i / count * seconds * 1000 - (performance.now() - started);
    if (early > 0) await sleep(early);
    running.push(
      visitOnce(options, i).then(
        (ms) => void visits.times.push(ms),
        (error) => void visits.failures.push((error as Error).message),
      ),
    );
  }
  await Promise.all(running);
  return visits;
}

async function visitOnce(options: VisitOptions, i: number): Promise<number> {
  const { relay, hostname, body, proxied } = options;
  const started = performance.now();
  let conn: Deno.Conn | undefined;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error("no page in time")), PATIENCE_MS);

  async function getPage(): Promise<number> {
    const tcp = await Deno.connect({ hostname: "127.0.0.1", port: relay.ports.hub! });
    conn = tcp;
    // As browsers do: else the request waits for the acknowledgement of the handshake's last word.
    tcp.setNoDelay(true);
    if (proxied) {
      const source = { address: `198.51.${100 + (i >> 8)}.${i & 255}`, port: 40_000 };
      const destination = { address: "198.51.100.80", port: 443 };
      await writeAll(tcp, encodeProxyV2({ source, destination }));
    }
    const tls = await Deno.startTls(tcp, { hostname, caCerts: [relay.ca] });
    conn = tls;
    const request = `GET / HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`;
    await writeAll(tls, new TextEncoder().encode(request));
    const text = await new Response(tls.readable).text();
    if (!text.startsWith("HTTP/1.1 200 ") || !text.endsWith(body)) {
      throw new Error(`another page: ${text.slice(0, 40)}`);
    }
    return performance.now() - started;
  }

  try {
    return await Promise.race([getPage(), late.promise]);
  } finally {
    clearTimeout(timer);
    if (conn !== undefined) closeQuietly(conn);
  }
}
