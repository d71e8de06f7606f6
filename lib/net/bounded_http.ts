import type { Log } from "../log.ts";
import { BufferPool } from "./buffer_pool.ts";
import { IdleWatch } from "./idle_watch.ts";
import { serveTcp } from "./listen.ts";
import { listenTcp } from "./listen_tcp.ts";
import { type HttpServer, superviseHttp } from "./serve_http.ts";
import { serveSocket } from "./serve_socket.ts";
import { closeQuietly, type Duplex, splice } from "./splice.ts";
import type { SpliceResult } from "./splice_options.ts";

/** Connections at once: monitoring systems have one or two. */
export const MAX_CONNECTIONS = 16;

/** Silence after which a connection is closed: some scrape once a minute on one that they keep. */
const IDLE_MS = 120_000;

/** Room for what is asked. */
const waitBuffers = new BufferPool(1024);

/** Options for {@linkcode serveBoundedHttp}. */
export interface BoundedHttpOptions {
  /** For log lines, and what the settings of its address are named after. */
  name: string;
  hostname: string;
  /** 0 takes a free one. */
  port: number;
  /** As for {@linkcode listenTcp}. @default {false} */
  share?: boolean;
  /** A free path for a socket that nobody else can connect to. */
  socketPath: string;
  handler: (request: Request) => Response | Promise<Response>;
  log: Log;
}

/** A connection, and what passed on it. */
interface Passing {
  conn: Deno.TcpConn;
  result: SpliceResult;
}

/**
 * Serves plain HTTP over TCP to at most {@linkcode MAX_CONNECTIONS} at once; one more ends the one that
 * was silent for the longest.
 *
 * `Deno.serve` accepts whoever comes, and a local user's idle connections would use up the process's
 * descriptors. So it serves a socket that only this process reaches, and connections are accepted here.
 *
 * @throws {Error} when the port is taken or the socket cannot be made.
 */
export function serveBoundedHttp(options: BoundedHttpOptions): HttpServer {
  const { name, hostname, port, socketPath, handler, log } = options;
  const listener = listenTcp(name, hostname, port, { share: options.share ?? false });
  let inner: HttpServer<Deno.UnixAddr>;
  try {
    inner = superviseHttp({ name, start: () => serveSocket(socketPath, handler), log });
  } catch (error) {
    listener.close();
    throw error;
  }
  const idle = new IdleWatch(IDLE_MS);
  const open = new Set<Passing>();
  /** Connections at all, those included that are being closed. */
  let handled = 0;

  async function onConnection(conn: Deno.TcpConn): Promise<void> {
    if (handled >= 2 * MAX_CONNECTIONS) return closeQuietly(conn);
    handled++;
    if (open.size >= MAX_CONNECTIONS) {
      const longest = longestSilent(open);
      open.delete(longest);
      closeQuietly(longest.conn);
    }
    const passing: Passing = {
      conn,
      result: { forward: 0, backward: 0, lastAt: performance.now() },
    };
    open.add(passing);
    try {
      const server: Duplex = await Deno.connect({ transport: "unix", path: socketPath });
      await splice(conn, server, { idle, waitBuffers, largestStep: 0, result: passing.result });
    } catch {
      // Not reached: the server is being started again, and its log line says why.
    } finally {
      closeQuietly(conn);
      open.delete(passing);
      handled--;
    }
  }

  const outer = serveTcp(listener, { name, onConnection, log });
  return {
    address: listener.addr,
    async stop() {
      idle.stop();
      await outer.stop();
      outer.closeAll();
      await inner.stop();
    },
  };
}

function longestSilent(open: ReadonlySet<Passing>): Passing {
  return [...open].reduce((a, b) => a.result.lastAt! <= b.result.lastAt! ? a : b);
}
