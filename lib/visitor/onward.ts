import type { Backend } from "../config/values.ts";
import type { Log } from "../log.ts";
import type { IdleWatch } from "../net/idle_watch.ts";
import { Places } from "../net/places.ts";
import { ReadAhead } from "../net/read_ahead.ts";
import { scheduleTimeout } from "../net/schedule.ts";
import { closeQuietly, type Duplex, splice, type SpliceResult } from "../net/splice.ts";
import type { ProxyAddresses } from "../wire/proxy_protocol.ts";
import type { Visit } from "./admit.ts";
import { Crowd } from "./crowd.ts";
import { doubted } from "./doubted.ts";
import { Fallback } from "./fallback.ts";
import { Joined, JoinedVisitor, VisitingGuest } from "./joined.ts";
import { type JoinedHow, meet, type MeetingSession, meetParked, type Met } from "./meet.ts";
import { openingBytes } from "./opening.ts";
import type { Ending, Outcome } from "./outcome.ts";
import { refuseByAlert } from "./refuse.ts";
import { route } from "./route.ts";

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
}

/** Passes a connection on, `head` first; closes it; never rejects. */
export type Serve = (conn: Duplex, head: Uint8Array, arrival: Arrival) => Promise<void>;

/** How many connections there may be at once of each end that they can come to. */
export interface OnwardLimits {
  /** Visitors who wait for a client or are joined with one; as many go to the fallback backend. */
  maxVisitors: number;
  /** Those of one user; the others' share is kept free besides, see {@linkcode Crowd}. */
  maxVisitorsPerUser: number;
  /** Visits to the relay's own pages. */
  maxPages: number;
  /** Clients and requests of the API. */
  maxControl: number;
}

/** Options for {@linkcode Onward}. */
export interface OnwardOptions {
  baseDomain: string;
  isUsername: (label: string) => boolean;
  sessions: {
    get(username: string): MeetingSession | undefined;
    /** The user's session, after a wait for one that is coming back. */
    find(username: string, signal: AbortSignal): Promise<MeetingSession | undefined>;
    /** Whether the user would be waited for if the relay did not stop. */
    isCutShort(username: string): boolean;
  };
  /** Whether the relay has pages for the name: not where its user wants none. */
  hasPage: (username: string) => boolean;
  servePage: Serve;
  serveControl: Serve;
  fallback?: Backend;
  limits: OnwardLimits;
  /** How long a joined client may take for its first byte. */
  answerMs: number;
  /** Ends connections that were silent for too long. @default none is ended */
  idle?: IdleWatch;
  log: Log;
  /** Told of each visitor and client that met. */
  onJoined?: (how: JoinedHow) => void;
  /** Told what passed between a visitor and a client once they parted. */
  onParted?: (result: SpliceResult) => void;
}

const NO_BYTES = new Uint8Array(0);

/**
 * The way on of a visitor whose hello has been read: routes, and meets or serves.
 *
 * Each end that a connection can come to has a table of places of its own, so that none uses up
 * another's: a flood of hellos leaves joined visitors alone, one user's visitors those of another,
 * and visitors of any kind the clients' way in.
 */
export class Onward {
  readonly #options: OnwardOptions;
  readonly #crowd: Crowd;
  readonly #pages: Places;
  readonly #control: Places;
  readonly #foreign: Places;
  readonly #fallback: Fallback | undefined;
  readonly joined = new Joined();
  #meeting = 0;

  constructor(options: OnwardOptions) {
    const { limits, fallback, idle, log } = options;
    this.#options = options;
    this.#crowd = new Crowd({ total: limits.maxVisitors, perUser: limits.maxVisitorsPerUser });
    this.#pages = new Places({ total: limits.maxPages });
    this.#control = new Places({ total: limits.maxControl });
    this.#foreign = new Places({ total: limits.maxVisitors });
    this.#fallback = fallback && new Fallback({ backend: fallback, idle, log });
  }

  /** Visitors who wait for a client. */
  get meeting(): number {
    return this.#meeting;
  }

  /** The tables of places by their names. */
  get tables(): Record<string, Pick<Places, "used" | "total">> {
    return {
      visitors: this.#crowd,
      pages: this.#pages,
      control: this.#control,
      ...(this.#fallback && { fallback: this.#foreign }),
    };
  }

  /** Passes a visitor on by the name that it asks for, to its end. */
  byName(visit: Visit): Promise<Ending> {
    const { serverName } = nameOf(visit);
    const target = route(serverName, this.#options);
    switch (target.to) {
      case "user":
        return this.#toUser(visit, target.username);
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

  #toUser(visit: Visit, username: string): Promise<Ending> {
    const place = this.#crowd.take(username, visit.groups);
    if (place === undefined) return refuseByAlert(visit.conn, "internalError", "limit-visitors");
    visit.place.leave();
    visit.place = place;
    const guest = new VisitingGuest(visit);
    this.#crowd.add(username, guest);
    return this.#meet(visit, username, guest);
  }

  async #meet(visit: Visit, username: string, guest: VisitingGuest): Promise<Ending> {
    const { sessions, onJoined, onParted, idle, answerMs } = this.#options;
    const opening = openingBytes(visit.announced, visit.head);
    this.#meeting++;
    const met = await this.#find(visit, username, opening).finally(() => this.#meeting--);
    if (met.state !== "joined" || guest.gaveWay) this.#crowd.remove(username, guest);
    if (guest.gaveWay) {
      if (met.state === "joined") closeQuietly(met.conn);
      return { outcome: "gave-way" };
    }
    if (met.state === "left") {
      closeQuietly(visit.conn);
      return { outcome: "left" };
    }
    if (met.state === "offline" && sessions.isCutShort(username)) {
      return await this.toPage(visit, "restarting");
    }
    if (met.state !== "joined") {
      return await this.toPage(visit, met.state, "why" in met ? met.why : undefined);
    }
    // Passed on: nobody needs it again, and the two may stay joined for days.
    visit.head = NO_BYTES;
    onJoined?.(met);
    let replaced = false;
    const client = doubted(met.conn, {
      session: () => sessions.get(username),
      source: visit.addresses.source,
      opening,
      onReplaced() {
        replaced = true;
        onJoined?.({ how: "replaced" });
      },
    });
    const joined = new JoinedVisitor(visit.conn, client);
    guest.joined = joined;
    this.joined.add(username, joined);
    const callOff = scheduleTimeout(
      () => joined.endUnanswered("client did not answer in time"),
      answerMs,
    );
    const result = await splice(visit.conn, client, { idle, result: joined.passed });
    callOff();
    this.joined.remove(username, joined);
    this.#crowd.remove(username, guest);
    onParted?.(result);
    const { forward: toClient, backward: toVisitor, error } = result;
    const how = replaced ? "dialled" : met.how;
    const outcome = guest.gaveWay ? "gave-way" : joined.unanswered ? "unanswered" : how;
    return { outcome, toClient, toVisitor, ...(error && { detail: error.message }) };
  }

  /** Meets the user's client: at once where a connection is parked, which is nearly always. */
  async #find(visit: Visit, username: string, opening: Uint8Array): Promise<Met> {
    const { sessions } = this.#options;
    const session = sessions.get(username);
    const met = session && await meetParked(session, opening);
    if (met !== undefined) return met;
    const gone = new AbortController();
    // Notices a visitor who leaves while the client is asked; a mere half-close is not leaving.
    visit.conn = new ReadAhead(visit.conn, (error) => error && gone.abort(error));
    return await meet({
      source: visit.addresses.source,
      opening,
      find: (signal) => sessions.find(username, signal),
      signal: gone.signal,
    });
  }

  /**
   * Passes a visitor on to the relay's own pages; refused where the user wants none, before their
   * browser can send the relay anything.
   */
  toPage(
    visit: Visit,
    outcome: "landing" | "unknown-name" | "page" | "offline" | "not-responding" | "restarting",
    detail?: string,
  ): Promise<Ending> {
    const target = route(nameOf(visit).serverName, this.#options);
    if (target.to === "user" && !this.#options.hasPage(target.username)) {
      return refuseByAlert(visit.conn, "unrecognizedName", "no-page", outcome);
    }
    return this.#placed(visit, this.#pages, visit.groups, "limit-pages", async () => {
      await this.#options.servePage(visit.conn, visit.head, {
        addresses: visit.addresses,
        ...nameOf(visit),
        ...(outcome === "not-responding" && { notResponding: true }),
        ...(outcome === "restarting" && { restarting: true }),
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
      () => fallback.pass(conn, visit.head, announced),
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
