import type { Backend } from "../config/values.ts";
import type { Log } from "../log.ts";
import { Places } from "../net/places.ts";
import { closeQuietly, type Duplex } from "../net/splice.ts";
import { alertRecord } from "../wire/alert.ts";
import type { ProxyAddresses } from "../wire/proxy_protocol.ts";
import type { Visit } from "./admit.ts";
import { Fallback } from "./fallback.ts";
import type { Ending, Outcome } from "./outcome.ts";
import { badGateway } from "./redirect.ts";
import { refuseByAlert } from "./refuse.ts";
import { isOurHost, route, type RouteOptions } from "./route.ts";
import { UserVisitors, type UserVisitorsOptions } from "./user_visitors.ts";

/** What is known of a connection that goes to the relay's own servers. */
export interface Arrival {
  addresses: ProxyAddresses;
  /** The SNI; absent when the visitor sent none. */
  serverName?: string;
  /** Gives up the place that it has in the table of its kind: it counts elsewhere from now on. */
  leavePlace?: () => void;
  /** The page to show is "not responding": the user is online and did not answer. */
  notResponding?: boolean;
  /** The page to show is "restarting": the user is awaited, but not by this process. */
  restarting?: boolean;
  /** The page to show is "used up": no more bytes pass for the user today. */
  usedUp?: boolean;
}

/** Passes a connection on, `head` first; closes it; never rejects. */
export type Serve = (conn: Duplex, head: Uint8Array, arrival: Arrival) => Promise<void>;

/** How many connections there may be at once at each destination. */
export interface DestinationLimits {
  /** Visitors who wait for a client or are joined with one; as many go to the fallback backend. */
  maxVisitors: number;
  /** Those of one user; the others' share is kept free besides, see {@linkcode Crowd}. */
  maxVisitorsPerUser: (username: string) => number;
  /** Visits to the relay's own pages. */
  maxPages: number;
  /** Clients and requests of the API. */
  maxControl: number;
}

/** Options for {@linkcode Destinations}. */
export interface DestinationsOptions extends RouteOptions, Omit<UserVisitorsOptions, "toPage"> {
  /** Whether the relay has pages for the name: not where its user wants none. */
  hasPage: (username: string) => boolean;
  servePage: Serve;
  serveControl: Serve;
  fallback?: Backend;
  /** Where plain HTTP for hosts that are not ours goes. */
  httpFallback?: Backend;
  limits: DestinationLimits;
  log: Log;
}

/** The places of a destination. */
export type Table = Pick<Places, "used" | "total">;

/** Why a visitor gets one of the relay's own pages. */
type PageOutcome =
  | "landing"
  | "unknown-name"
  | "page"
  | "offline"
  | "not-responding"
  | "restarting"
  | "used-up";

const NO_BYTES = new Uint8Array(0);

/**
 * Where visitors go whose hello has been read: to a user's client, the relay's own pages or API, or
 * past the relay.
 *
 * Each destination has a table of places of its own, so that none uses up another's: a flood of hellos
 * leaves joined visitors alone, one user's visitors those of another, and visitors of any kind the
 * clients' way in.
 */
export class Destinations {
  readonly #options: DestinationsOptions;
  /** Those of users. */
  readonly users: UserVisitors;
  readonly #pages: Places;
  readonly #control: Places;
  readonly #foreign: Places;
  readonly #fallback: Fallback | undefined;
  readonly #httpFallback: Fallback | undefined;

  constructor(options: DestinationsOptions) {
    const { limits, fallback, httpFallback, idle, log } = options;
    this.#options = options;
    this.users = new UserVisitors({
      ...options,
      toPage: (visit, outcome, detail) => this.toPage(visit, outcome, detail),
    });
    this.#pages = new Places({ total: limits.maxPages });
    this.#control = new Places({ total: limits.maxControl });
    this.#foreign = new Places({ total: limits.maxVisitors });
    this.#fallback = fallback && new Fallback({ backend: fallback, idle, log });
    this.#httpFallback = httpFallback && new Fallback({ backend: httpFallback, idle, log });
  }

  /** The tables of places by their names. */
  get tables(): Record<"visitors" | "pages" | "control", Table> & { fallback?: Table } {
    return {
      visitors: this.users.places,
      pages: this.#pages,
      control: this.#control,
      ...((this.#fallback ?? this.#httpFallback) && { fallback: this.#foreign }),
    };
  }

  /** Passes a visitor on by the name that it asks for, to its end. */
  byName(visit: Visit): Promise<Ending> {
    const { serverName } = nameOf(visit);
    const target = route(serverName, this.#options);
    switch (target.to) {
      case "user":
        return this.users.serve(visit, target.username);
      case "landing":
        return this.toPage(visit, "landing");
      case "unknown":
        return this.toPage(visit, "unknown-name");
      case "control":
        return this.toControl(visit);
      case "foreign":
        return this.#toFallback(visit);
    }
  }

  /**
   * Goes on with a place of a table in exchange for the one that the visitor has; without one the
   * visitor is refused, and counts where it was until that is done.
   */
  #placed(
    visit: Visit,
    table: Places,
    keys: readonly string[],
    refusal: Outcome,
    next: () => Promise<Ending>,
  ): Promise<Ending> {
    const place = table.take(...keys);
    if (place === undefined) return refuseByAlert(visit.conn, "internalError", refusal);
    visit.place.leave();
    visit.place = place;
    return next();
  }

  /**
   * Passes a visitor on to the relay's own pages; refused where the user wants none, or the name is one of
   * their own, before their browser can send the relay anything.
   */
  toPage(
    visit: Visit,
    outcome: PageOutcome,
    detail?: string,
  ): Promise<Ending> {
    const target = route(nameOf(visit).serverName, this.#options);
    if (target.to === "user" && (target.isOwnName || !this.#options.hasPage(target.username))) {
      return refuseByAlert(visit.conn, "unrecognizedName", "no-page", outcome);
    }
    return this.#placed(visit, this.#pages, visit.groups, "limit-pages", async () => {
      await this.#options.servePage(visit.conn, visit.head, {
        addresses: visit.addresses,
        ...nameOf(visit),
        ...(outcome === "not-responding" && { notResponding: true }),
        ...(outcome === "restarting" && { restarting: true }),
        ...(outcome === "used-up" && { usedUp: true }),
      });
      return { outcome, ...(detail !== undefined && { detail }) };
    });
  }

  /** Passes a client, or who asks the API, on to it. */
  toControl(visit: Visit): Promise<Ending> {
    const { conn, addresses, groups } = visit;
    return this.#placed(visit, this.#control, groups, "limit-control", () => {
      const { place } = visit;
      const served = this.#options.serveControl(conn, visit.head, {
        addresses,
        ...nameOf(visit),
        leavePlace: () => place.leave(),
      });
      // A client may stay online for days: nothing is kept but what it needs.
      visit.head = NO_BYTES;
      return served.then(endControl);
    });
  }

  /**
   * Passes plain HTTP on that asks for a host which is not ours; undefined where it asks for one of ours,
   * or there is nowhere to pass it.
   */
  byHost(visit: Visit): Promise<Ending> | undefined {
    const { peeked, conn, announced, groups, head } = visit;
    const fallback = this.#httpFallback;
    if (fallback === undefined || peeked.kind !== "http") return undefined;
    if (isOurHost(peeked.host ?? "", this.#options)) return undefined;
    const place = this.#foreign.take(...groups);
    if (place === undefined) {
      closeQuietly(conn);
      return Promise.resolve({ outcome: "limit-fallback" });
    }
    visit.place.leave();
    visit.place = place;
    return fallback.pass(conn, head, announced, badGateway(peeked.method));
  }

  #toFallback(visit: Visit): Promise<Ending> {
    const { conn, announced, groups } = visit;
    const fallback = this.#fallback;
    if (fallback === undefined) {
      const outcome = nameOf(visit).serverName === undefined ? "no-name" : "foreign-name";
      return refuseByAlert(conn, "unrecognizedName", outcome);
    }
    return this.#placed(
      visit,
      this.#foreign,
      groups,
      "limit-fallback",
      () => fallback.pass(conn, visit.head, announced, alertRecord("internalError")),
    );
  }
}

function endControl(): Ending {
  return { outcome: "control" };
}

/** The name that a visitor asked for, to be spread where it may be absent. */
export function nameOf({ peeked }: Visit): { serverName?: string } {
  return peeked.kind === "hello" && peeked.serverName !== undefined
    ? { serverName: peeked.serverName }
    : {};
}
