import type { Log } from "../log.ts";
import { settleWithin } from "../net/pause.ts";
import {
  type ListenerCounts,
  serveTcp,
  type ServeTcpOptions,
  type TcpServer,
} from "../net/listen.ts";
import type { Places } from "../net/places.ts";
import type { Hub } from "../visitor/hub.ts";
import type { ListenerName, Listeners } from "./listeners.ts";

/** Listeners that are opened and stopped together. */
const GROUPS = {
  visitors: ["hub", "pages", "http"],
  data: ["data"],
  control: ["control"],
} as const satisfies Record<string, readonly ListenerName[]>;

/** Who comes in by them. */
export type ListenerGroup = keyof typeof GROUPS;

/** How often it is asked for how long visitors may finish, milliseconds. */
const ASK_MS = 1_000;

/** Options for {@linkcode Servers}. */
export interface ServersOptions {
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

/** The listeners being served: each hands its connections to whom they are for. */
export class Servers {
  readonly #options: ServersOptions;
  readonly #servers = new Map<ListenerName, TcpServer>();
  /** Those that were stopped and opened anew, whose connections may go on. */
  readonly #former: TcpServer[] = [];

  constructor(options: ServersOptions) {
    this.#options = options;
  }

  /**
   * Opens these groups' listeners and serves them, also again after they were stopped.
   *
   * @throws {Error} when one cannot be opened.
   */
  open(...groups: ListenerGroup[]): void {
    const { listeners, log } = this.#options;
    for (const name of groups.flatMap((group): readonly ListenerName[] => GROUPS[group])) {
      const before = this.#servers.get(name);
      if (before?.accepting) continue;
      const listener = listeners.take(name);
      if (listener === undefined) continue;
      if (before !== undefined) this.#former.push(before);
      this.#servers.set(name, serveTcp(listener, { name, ...this.#handling(name), log }));
    }
  }

  /** Name, connections now and counts of each listener. */
  figures(): ({ name: string; active: number } & ListenerCounts)[] {
    return [...this.#servers].map(([name, { active, counts }]) => ({ name, active, ...counts }));
  }

  /** Names of the listeners that do not accept: stopped, or short of descriptors. */
  failing(): string[] {
    return [...this.#servers].filter(([, server]) => !server.accepting).map(([name]) => name);
  }

  /** Accepts no more in a group; connections in progress go on. */
  async stop(group: ListenerGroup): Promise<void> {
    await Promise.all(GROUPS[group].map((name) => this.#servers.get(name)?.stop()));
  }

  /**
   * Gives visitors this long to finish, then closes every connection.
   *
   * @param ms how long, from now on; asked anew now and then, since it may change.
   * @param others resolves when those are gone who came in by other ways.
   */
  async finish(ms: () => number, others: Promise<void>): Promise<void> {
    const visitors = [...this.#former, this.#servers.get("hub"), this.#servers.get("http")];
    let isDone = false;
    const done = Promise.all([others, ...visitors.map((server) => server?.idle())])
      .then(() => isDone = true);
    const since = performance.now();
    for (let left = ms(); left > 0 && !isDone; left = ms() - (performance.now() - since)) {
      await settleWithin(Math.min(left, ASK_MS), [done]);
    }
    const all = [...this.#former, ...this.#servers.values()];
    for (const server of all) server.closeAll();
    await Promise.all(all.map((server) => server.idle()));
  }

  #handling(name: ListenerName): Omit<ServeTcpOptions, "name" | "log"> {
    const { hub, onData, prefaces, addressGroups } = this.#options;
    // The hub counts what it is handed by itself, by what each connection turns out to be.
    switch (name) {
      case "hub":
        return { onConnection: (conn) => hub.onConnection(conn), setsOptions: true };
      case "control":
        return { onConnection: (conn) => hub.onControlConnection(conn), setsOptions: true };
      case "pages":
        return { onConnection: (conn) => hub.onPagesConnection(conn), setsOptions: true };
      case "http":
        return { onConnection: (conn) => hub.onHttpConnection(conn), setsOptions: true };
      case "data":
        return {
          onConnection: onData,
          places: prefaces,
          keysOf: (conn) => addressGroups(conn.remoteAddr.hostname),
        };
    }
  }
}
