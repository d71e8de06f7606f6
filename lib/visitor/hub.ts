/**
 * The way of a visitor, from the accepted connection to its end: `admit.ts`, `peek.ts`, `route.ts`,
 * `destinations.ts`, `user_visitors.ts`. Imports the ground floor (`net`, `file`, `wire`, `log.ts`).
 *
 * @module
 */
import type { Log } from "../log.ts";
import { sleep } from "../net/pause.ts";
import { systemRush } from "../net/rush.ts";
import { closeQuietly } from "../net/splice.ts";
import { Admission, type AdmissionLimits, type Visit } from "./admit.ts";
import {
  type DestinationLimits,
  Destinations,
  type DestinationsOptions,
  nameOf,
  type Table,
} from "./destinations.ts";
import type { Ending, Outcome } from "./outcome.ts";
import { refuseNoHello } from "./refuse.ts";
import type { IsProxy } from "./source.ts";

/** How often it is looked whether visitors are still on their way in. */
const SETTLE_STEP_MS = 20;

/** Options for {@linkcode Hub}. */
export interface HubOptions extends DestinationsOptions {
  /** Port at which visitors reach the hub. */
  publicPort: number;
  isProxy: IsProxy;
  /** Groups that limits count an address in, narrowest first; none where it is not limited. */
  addressGroups: (address: string) => readonly string[];
  limits: AdmissionLimits & DestinationLimits;
  log: Log;
  /** Told once a connection how it ended. */
  onOutcome?: (outcome: Outcome) => void;
}

/** The visitors' side: every connection to it is admitted, passed on or refused, and counted. */
export class Hub {
  readonly #options: HubOptions;
  readonly #admission: Admission;
  readonly #destinations: Destinations;

  constructor(options: HubOptions) {
    this.#options = options;
    this.#admission = new Admission(options);
    this.#destinations = new Destinations(options);
  }

  /** Visitors whose first bytes are awaited. */
  get hellos(): number {
    return this.#admission.hellos.used;
  }

  /** Visitors joined with their clients. */
  get joined(): number {
    return this.#destinations.users.joined.size;
  }

  /** Users whose clients visitors are joined with. */
  visitedUsers(): string[] {
    return this.#destinations.users.joined.users();
  }

  /** Visitors joined with this user's client. */
  visitorsOf(username: string): number {
    return this.#destinations.users.joined.of(username);
  }

  /** Tells what has passed for users meanwhile, by the option `onPassed`. */
  tellPassed(): void {
    this.#destinations.users.tellPassed();
  }

  /** Closes the connections of a user's visitors. */
  dropVisitors(username: string): void {
    this.#destinations.users.joined.drop(username);
  }

  /** Closes the connections of those whom the client of this user has not answered yet. */
  dropUnanswered(username: string): void {
    this.#destinations.users.joined.dropUnanswered(username);
  }

  /** Waits until nobody is on their way in any more, so many milliseconds at most. */
  async settled(ms: number): Promise<void> {
    for (let waited = 0; waited < ms; waited += SETTLE_STEP_MS) {
      if (this.hellos === 0 && this.#destinations.users.meeting === 0) return;
      await sleep(SETTLE_STEP_MS);
    }
  }

  /** The tables of places by their names. */
  get tables(): Destinations["tables"] & { hellos: Table } {
    return { ...this.#destinations.tables, hellos: this.#admission.hellos };
  }

  /** Handles a connection to the hub and closes it. */
  onConnection(conn: Deno.TcpConn): Promise<void> {
    systemRush.note();
    return this.#admit("hub", conn, true, (visit) => this.#destinations.byName(visit));
  }

  /** Handles a connection to the control port and closes it. */
  onControlConnection(conn: Deno.TcpConn): Promise<void> {
    return this.#admit("control", conn, true, (visit) => this.#destinations.toControl(visit));
  }

  /** Handles a connection to the pages' own port and closes it. */
  onPagesConnection(conn: Deno.TcpConn): Promise<void> {
    return this.#admit("pages", conn, false, (visit) => this.#destinations.toPage(visit, "page"));
  }

  /** Handles a connection to the plain HTTP port and closes it. */
  onHttpConnection(conn: Deno.TcpConn): Promise<void> {
    return this.#admit("http", conn, false, (visit) => {
      closeQuietly(conn);
      return Promise.resolve({ outcome: "tls-on-http-port", ...nameOf(visit) });
    }, (visit) => this.#destinations.byHost(visit));
  }

  /**
   * Admits a connection, goes on with `next` where it begins with a hello, else with `plain` if that
   * takes it, refuses the rest, and tells the end.
   */
  #admit(
    listener: string,
    conn: Deno.TcpConn,
    mayBeProxied: boolean,
    next: (visit: Visit) => Promise<Ending>,
    plain: (visit: Visit) => Promise<Ending> | undefined = () => undefined,
  ): Promise<void> {
    const { log, onOutcome = () => {} } = this.#options;
    const startedAt = performance.now();
    return this.#admission.admit(
      conn,
      mayBeProxied,
      (visit) => {
        const { peeked } = visit;
        if (peeked.kind === "hello") return next(visit);
        return plain(visit) ?? refuseNoHello(conn, peeked, this.#options);
      },
      ({ outcome, ...told }, { source }, visit) => {
        onOutcome(outcome);
        if (!log.debugEnabled) return;
        log.debug("visitor's connection ended", {
          listener,
          outcome,
          ...source,
          ...(visit && nameOf(visit)),
          ...told,
          ms: Math.round(performance.now() - startedAt),
        });
      },
    );
  }
}
