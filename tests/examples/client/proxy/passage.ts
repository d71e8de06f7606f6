import { createLog } from "../../../../lib/log.ts";
import { acceptLoop } from "../../../../lib/net/accept_loop.ts";
import { scheduleTimeout } from "../../../../lib/net/schedule.ts";
import { closeQuietly } from "../../../../lib/net/splice.ts";
import { serveHttp1 } from "../../../../examples/client/front/http1_visitor.ts";
import { VISITOR_LIMITS } from "../../../../examples/client/front/limits.ts";
import { upstreamHandler, type UpstreamOptions } from "../../../../examples/client/proxy/pass.ts";
import { parseUpstream } from "../../../../examples/client/proxy/upstream.ts";
import { HttpExchange } from "../http_exchange.ts";

/** The address that visitors of a passage have. */
export const ADDRESS = "203.0.113.9";

/** Both ends of a passage: what a visitor reaches, and what tells of the visitor's leaving. */
export interface Passage {
  url: string;
  port: number;
  /** Warnings and errors of the client. */
  lines: string[];
  /** Ends every visitor, as when their connections are gone. */
  leave(): void;
  /** Opens a connection, which ends with the passage. */
  visit(): Promise<{ conn: Deno.TcpConn; exchange: HttpExchange }>;
}

/** Passes visitors of plain HTTP/1 on to the web app at `app`. */
export async function passage(
  app: number | string,
  use: (passage: Passage) => Promise<void>,
  options: Partial<UpstreamOptions> = {},
): Promise<void> {
  const lines: string[] = [];
  const log = createLog({ level: "warn", write: (line) => lines.push(line) });
  const handler = upstreamHandler({ upstream: parseUpstream(String(app)), log, ...options });
  const gone = new AbortController();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const over = new AbortController();
  const conns: { close(): void }[] = [];
  const accepting = acceptLoop({
    accept: () => listener.accept(),
    onConnection(conn) {
      conns.push(conn);
      serveHttp1(conn, {
        handler,
        visitor: { address: ADDRESS, gone: gone.signal },
        limits: VISITOR_LIMITS,
        schedule: options.schedule ?? scheduleTimeout,
        log,
        isLast: () => false,
        onIdle() {},
      }).catch(() => {}).finally(() => closeQuietly(conn));
    },
    onError() {},
    signal: over.signal,
  });
  const { port } = listener.addr;
  try {
    await use({
      url: `http://127.0.0.1:${port}`,
      port,
      lines,
      leave: () => gone.abort(),
      async visit() {
        const conn = await Deno.connect({ hostname: "127.0.0.1", port });
        conns.push(conn);
        return { conn, exchange: new HttpExchange(conn) };
      },
    });
  } finally {
    over.abort();
    listener.close();
    await accepting;
    conns.forEach(closeQuietly);
  }
}

/** A web app that takes one connection after another, and says exactly what a test wants. */
export async function rawApp(
  answer: (exchange: HttpExchange, conn: Deno.TcpConn) => Promise<void>,
  use: (passage: Passage) => Promise<void>,
  options: Partial<UpstreamOptions> = {},
): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    while (true) {
      const conn = await listener.accept().catch(() => undefined);
      if (conn === undefined) return;
      await answer(new HttpExchange(conn), conn).catch(() => {});
      closeQuietly(conn);
    }
  })();
  try {
    await passage(listener.addr.port, use, options);
  } finally {
    listener.close();
    await serving;
  }
}
