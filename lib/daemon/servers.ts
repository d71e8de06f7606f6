import type { Log } from "../log.ts";
import { sleep } from "../net/pause.ts";
import { type ListenerCounts, serveTcp, type TcpServer } from "../net/listen.ts";
import type { Places } from "../net/places.ts";
import type { Hub } from "../visitor/hub.ts";
import type { Listeners } from "./listeners.ts";

/** Options for {@linkcode serveListeners}. */
export interface ServeListenersOptions {
  listeners: Listeners;
  hub: Hub;
  /** Handles a client's data connection. */
  onData: (conn: Deno.TcpConn) => Promise<void>;
  /** Data connections whose ticket is awaited. */
  prefaces: Places;
  /** Whom a data connection counts for. */
  addressGroups: (address: string) => readonly string[];
  log: Log;
}

/** The listeners being served. */
export interface Servers {
  /** Name, connections now and counts of each listener. */
  figures(): ({ name: string; active: number } & ListenerCounts)[];
  /** Names of the listeners that do not accept: stopped, or short of descriptors. */
  failing(): string[];
  /** Accepts no more visitors; connections in progress go on. */
  stopVisitors(): Promise<void>;
  /** Accepts no more of any kind; connections in progress go on. */
  stop(): Promise<void>;
  /** Gives visitors this long to finish, then closes every connection. */
  finish(ms: number): Promise<void>;
}

/** Serves every listener: hands each connection to whom it is for. */
export function serveListeners(options: ServeListenersOptions): Servers {
  const { listeners, hub, onData, prefaces, addressGroups, log } = options;
  const servers = new Map<string, TcpServer>();
  function serve(name: keyof Listeners, onConnection: (conn: Deno.TcpConn) => Promise<void>): void {
    const listener = listeners[name];
    if (listener === undefined) return;
    servers.set(name, serveTcp(listener, { name, onConnection, log }));
  }
  // The hub counts what it is handed by itself, by what each connection turns out to be.
  serve("hub", (conn) => hub.onConnection(conn));
  serve("control", (conn) => hub.onControlConnection(conn));
  serve("pages", (conn) => hub.onPagesConnection(conn));
  serve("http", (conn) => hub.onHttpConnection(conn));
  servers.set(
    "data",
    serveTcp(listeners.data, {
      name: "data",
      onConnection: onData,
      log,
      places: prefaces,
      keysOf: (conn) => addressGroups(conn.remoteAddr.hostname),
    }),
  );

  return {
    figures: () => [...servers].map(([name, { active, counts }]) => ({ name, active, ...counts })),
    failing: () => [...servers].filter(([, server]) => !server.accepting).map(([name]) => name),
    async stopVisitors() {
      await Promise.all(["hub", "pages", "http"].map((name) => servers.get(name)?.stop()));
    },
    async stop() {
      await Promise.all([...servers.values()].map((server) => server.stop()));
    },
    async finish(ms) {
      const over = new AbortController();
      await Promise.race([
        servers.get("hub")!.idle().then(() => over.abort()),
        sleep(ms, over.signal),
      ]);
      for (const server of servers.values()) server.closeAll();
      await Promise.all([...servers.values()].map((server) => server.idle()));
    },
  };
}
