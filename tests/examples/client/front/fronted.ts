import assert from "node:assert/strict";
import { createLog, type Log } from "../../../../lib/log.ts";
import { acceptLoop } from "../../../../lib/net/accept_loop.ts";
import type { Schedule } from "../../../../lib/net/schedule.ts";
import { closeQuietly } from "../../../../lib/net/splice.ts";
import type { Handler } from "../../../../examples/client/front/exchange.ts";
import { Front, type FrontOptions } from "../../../../examples/client/front/front.ts";
import type { KeyAndChain } from "../../../../examples/client/front/tls_end.ts";
import { upstreamHandler, type UpstreamOptions } from "../../../../examples/client/proxy/pass.ts";
import { parseUpstream } from "../../../../examples/client/proxy/upstream.ts";
import { ManualClock } from "../../../manual_clock.ts";
import { Authority } from "../../../../examples/conformance/authority.ts";
import { Changes } from "../changes.ts";
import { HttpExchange } from "../http_exchange.ts";

/** The name of the page that a test's front has a certificate for. */
export const HOSTNAME = "kaylee.glosson.localhost";

/** Where visitors come from unless a test says otherwise. */
export const ADDRESS = "203.0.113.9";

/** Looks until something is so. */
export async function until(is: () => boolean): Promise<void> {
  while (!is()) await new Promise((done) => setTimeout(done, 2));
}

/** What a test works with. */
export interface Fronted {
  front: Front;
  /** What the front has, for {@linkcode HOSTNAME}. */
  identity: KeyAndChain;
  /** Told whenever a visitor's connection is over. */
  changes: Changes;
  clock: ManualClock;
  lines: string[];
  /** Certificate of the authority that signed the front's. */
  pem: string;
  /** Port of 127.0.0.1 that stands for the relay: what connects to it is a visitor. */
  port: number;
  /** Opens a connection that the front serves. */
  connect(from?: string): Promise<Deno.TcpConn>;
  /** Opens one and makes the TLS handshake. */
  visit(alpnProtocols?: string[], from?: string): Promise<Deno.TlsConn>;
  /** Waits until the front serves nobody. */
  empty(): Promise<boolean>;
}

/** Serves visitors behind a port that stands for the data connections. */
export async function fronted(
  handler: (world: { log: Log; schedule: Schedule }) => Handler,
  use: (fronted: Fronted) => Promise<void>,
  options: Partial<FrontOptions> = {},
): Promise<void> {
  const authority = await Authority.create();
  const { cert, key } = await authority.pair([HOSTNAME]);
  const changes = new Changes();
  const clock = new ManualClock();
  const lines: string[] = [];
  const log = createLog({
    level: "debug",
    write(line) {
      lines.push(line);
      changes.tell();
    },
  });
  const { schedule } = clock;
  const front = new Front({ handler: handler({ log, schedule }), log, schedule, ...options });
  const identity = { chain: cert, key };
  await front.use(identity);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  /** Addresses by the port of visitors who have one of their own. */
  const addresses = new Map<number, string>();
  const connecting = new Set<Promise<unknown>>();
  const over = new AbortController();
  const accepting = acceptLoop({
    accept: () => listener.accept(),
    async onConnection(conn) {
      await Promise.all(connecting);
      const address = addresses.get(conn.remoteAddr.port) ?? ADDRESS;
      const served = front.serve({ conn, head: new Uint8Array(), visitor: { address, port: 0 } });
      changes.tell();
      await served;
      changes.tell();
    },
    onError: assert.ifError,
    signal: over.signal,
  });
  const conns: { close(): void }[] = [];
  async function connect(from = ADDRESS): Promise<Deno.TcpConn> {
    const opening = Deno.connect({ hostname: "127.0.0.1", port }).then((conn) => {
      addresses.set(conn.localAddr.port, from);
      return conn;
    });
    connecting.add(opening);
    const conn = await opening.finally(() => connecting.delete(opening));
    conns.push(conn);
    return conn;
  }
  async function visit(alpnProtocols = ["http/1.1"], from?: string): Promise<Deno.TlsConn> {
    const conn = await Deno.startTls(await connect(from), {
      hostname: HOSTNAME,
      caCerts: [authority.pem],
      alpnProtocols,
    });
    conns.push(conn);
    return conn;
  }
  const empty = (): Promise<boolean> => changes.until(() => front.connections === 0);
  try {
    const { pem } = authority;
    await use({ front, identity, changes, clock, lines, pem, port, connect, visit, empty });
  } finally {
    conns.forEach(closeQuietly);
    over.abort();
    listener.close();
    await accepting;
    await front.stop(0);
  }
}

/** What an app does with one connection, which is closed after it. */
export type App = (exchange: HttpExchange, conn: Deno.TcpConn) => Promise<void>;

/** Passes visitors on to a web app that says exactly what a test wants, to many of them at once. */
export async function appFronted(
  app: App,
  use: (fronted: Fronted) => Promise<void>,
  options: Partial<FrontOptions & UpstreamOptions> = {},
): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const conns = new Set<Deno.TcpConn>();
  const over = new AbortController();
  const accepting = acceptLoop({
    accept: () => listener.accept(),
    async onConnection(conn) {
      conns.add(conn);
      await app(new HttpExchange(conn), conn).catch(() => {});
      conns.delete(conn);
      closeQuietly(conn);
    },
    onError: assert.ifError,
    signal: over.signal,
  });
  const upstream = parseUpstream(String(listener.addr.port));
  try {
    await fronted((world) => upstreamHandler({ upstream, ...world, ...options }), use, options);
  } finally {
    over.abort();
    listener.close();
    conns.forEach(closeQuietly);
    await accepting;
  }
}
