import type { Settings } from "../config/settings.ts";
import { checkUnserved, listenTcp } from "../net/listen_tcp.ts";

/** Names of the relay's TCP listeners; `http` where the settings ask for it. */
export type ListenerName = "hub" | "data" | "control" | "pages" | "http";

/** Where one listens. */
export interface Place {
  hostname: string;
  /** 0 for a free one. */
  port: number;
}

/**
 * Whom a process starts beside: the one whose place it takes, with all its ports, or another process of the same
 * relay, which has a data port of its own.
 */
export type Beside = "predecessor" | "sibling";

/** The relay's TCP listeners: where each is, and the listeners themselves for whoever serves them. */
export class Listeners {
  readonly #places = new Map<ListenerName, Place>();
  /** Opened, and not taken yet. */
  readonly #open = new Map<ListenerName, Deno.TcpListener>();

  /**
   * Opens them: a port that is taken stops everything, and a free one has to be known to the parts.
   *
   * @param beside which ones are left to be opened when they are taken, since another process of the
   * relay serves the same ports, none of which is 0: connections come from when they are open.
   * @param onClose takes what closes those that nobody took.
   * @throws {Error} when one cannot be opened; those opened by then are left to `onClose`.
   */
  static async open(
    settings: Settings,
    beside: Beside | undefined,
    onClose: (close: () => void) => void,
  ): Promise<Listeners> {
    const listeners = new Listeners(settings);
    onClose(() => listeners.#open.forEach((listener) => listener.close()));
    for (const [name, { hostname, port }] of listeners.#places) {
      if (beside === "predecessor" || beside === "sibling" && name !== "data") continue;
      await checkUnserved(name, hostname, port);
      const listener = listenTcp(name, hostname, port, { share: true });
      listeners.#open.set(name, listener);
      listeners.#places.set(name, listener.addr);
    }
    return listeners;
  }

  private constructor(settings: Settings) {
    const { hubHost, dataHost, controlHost, pagesHost, httpHost, httpPort } = settings;
    this.#places.set("hub", { hostname: hubHost, port: settings.hubPort });
    this.#places.set("data", { hostname: dataHost, port: settings.dataPort });
    this.#places.set("control", { hostname: controlHost, port: settings.controlPort });
    this.#places.set("pages", { hostname: pagesHost, port: settings.pagesPort });
    if (httpPort !== undefined) this.#places.set("http", { hostname: httpHost, port: httpPort });
  }

  /** Where each listens. */
  get places(): ReadonlyMap<ListenerName, Place> {
    return this.#places;
  }

  /** Port of a listener that is always there. */
  port(name: Exclude<ListenerName, "http">): number {
    return this.#places.get(name)!.port;
  }

  /**
   * Hands a listener over to whoever serves and closes it, also again after they closed it.
   *
   * @returns undefined where the settings do not ask for it.
   * @throws {Error} when it cannot be opened.
   */
  take(name: ListenerName): Deno.TcpListener | undefined {
    const place = this.#places.get(name);
    if (place === undefined) return undefined;
    const open = this.#open.get(name);
    this.#open.delete(name);
    return open ?? listenTcp(name, place.hostname, place.port, { share: true });
  }
}
