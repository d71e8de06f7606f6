import type { IdleWatch } from "../net/idle_watch.ts";
import { ReadAhead } from "../net/read_ahead.ts";
import { scheduleTimeout } from "../net/schedule.ts";
import { closeQuietly, splice } from "../net/splice.ts";
import type { SpliceResult } from "../net/splice_options.ts";
import type { Visit } from "./admit.ts";
import { Crowd } from "./crowd.ts";
import { doubted } from "./doubted.ts";
import { Joined, JoinedVisitor, type PassedBytes, VisitingGuest } from "./joined.ts";
import {
  type JoinedHow,
  meet,
  type MeetingSession,
  meetParked,
  type Met,
  type MetClient,
} from "./meet.ts";
import { openingBytes } from "./opening.ts";
import type { Ending } from "./outcome.ts";
import { giveBackHead } from "./peek.ts";
import { refuseByAlert } from "./refuse.ts";

/** Options for {@linkcode UserVisitors}. */
export interface UserVisitorsOptions {
  sessions: {
    get(username: string): MeetingSession | undefined;
    /** The user's session, after a wait for one that is coming back. */
    find(username: string, signal: AbortSignal): Promise<MeetingSession | undefined>;
    /** Whether the user would be waited for if the relay did not stop. */
    isCutShort(username: string): boolean;
  };
  /** Goes on with a visitor who met no client, and closes it. */
  toPage: (
    visit: Visit,
    outcome: "offline" | "not-responding" | "restarting" | "used-up",
    detail?: string,
  ) => Promise<Ending>;
  limits: { maxVisitors: number; maxVisitorsPerUser: (username: string) => number };
  /** Whether no more bytes may pass for a user today. @default never */
  isUsedUp?: (username: string) => boolean;
  /** How long a joined client may take for its first byte. */
  answerMs: number;
  /** Ends connections that were silent for too long. @default none is ended */
  idle?: IdleWatch;
  /** Told of each visitor and client that met. */
  onJoined?: (how: JoinedHow, username: string) => void;
  /** Told the bytes that passed for a user since it was told last, see {@linkcode UserVisitors.tellPassed}. */
  onPassed?: (username: string, passed: PassedBytes) => void;
  /** Told what passed between a visitor and a client once they parted. */
  onParted?: (result: SpliceResult) => void;
}

const NO_BYTES = new Uint8Array(0);

/** The visitors of users: each gets a place, meets the user's client, and is joined with it. */
export class UserVisitors {
  readonly #options: UserVisitorsOptions;
  readonly #crowd: Crowd;
  /** Those who met their client. */
  readonly joined = new Joined();
  #meeting = 0;

  constructor(options: UserVisitorsOptions) {
    const { maxVisitors, maxVisitorsPerUser } = options.limits;
    this.#options = options;
    this.#crowd = new Crowd({ total: maxVisitors, perUser: maxVisitorsPerUser });
  }

  /** The places of all of them. */
  get places(): Pick<Crowd, "used" | "total"> {
    return this.#crowd;
  }

  /** How many wait for a client, or for its first byte: another connection may be asked for in the place of theirs. */
  get meeting(): number {
    return this.#meeting + this.joined.unanswered;
  }

  /** Takes a visitor to a user's client, in exchange for the place that they have; to their end. */
  serve(visit: Visit, username: string): Promise<Ending> {
    if (this.#options.isUsedUp?.(username)) return this.#options.toPage(visit, "used-up");
    const place = this.#crowd.take(username, visit.groups);
    if (place === undefined) return refuseByAlert(visit.conn, "internalError", "limit-visitors");
    visit.place.leave();
    visit.place = place;
    const guest = new VisitingGuest(visit);
    this.#crowd.add(username, guest);
    return this.#meet(visit, username, guest);
  }

  /** Tells what has passed meanwhile for those who are joined: some are for days. */
  tellPassed(): void {
    for (const [username, visitor] of this.joined.entries()) {
      this.#options.onPassed?.(username, visitor.takePassed());
    }
  }

  async #meet(visit: Visit, username: string, guest: VisitingGuest): Promise<Ending> {
    const { sessions, toPage } = this.#options;
    const opening = openingBytes(visit.announced, visit.head);
    let met: Met;
    this.#meeting++;
    try {
      met = await this.#find(visit, username, opening);
    } finally {
      this.#meeting--;
    }
    if (met.state !== "joined" || guest.gaveWay) this.#crowd.remove(username, guest);
    if (guest.gaveWay) {
      if (met.state === "joined") closeQuietly(met.conn);
      return { outcome: "gave-way" };
    }
    switch (met.state) {
      case "joined":
        // Meanwhile, when those who were joined already were cut off.
        if (this.#options.isUsedUp?.(username)) {
          this.#crowd.remove(username, guest);
          closeQuietly(met.conn);
          return toPage(visit, "used-up");
        }
        // Passed on: nobody needs it again, and the two may stay joined for days.
        giveBackHead(visit.head);
        visit.head = NO_BYTES;
        return this.#join(visit, username, guest, met, opening);
      case "left":
        closeQuietly(visit.conn);
        return { outcome: "left" };
      case "offline":
        return toPage(visit, sessions.isCutShort(username) ? "restarting" : "offline");
      case "not-responding":
        return toPage(visit, "not-responding", met.why);
    }
  }

  /** Passes bytes between a visitor and the client until both have ended. */
  async #join(
    visit: Visit,
    username: string,
    guest: VisitingGuest,
    met: MetClient,
    opening: Uint8Array,
  ): Promise<Ending> {
    const { sessions, onJoined, onParted, idle, answerMs } = this.#options;
    onJoined?.(met, username);
    let replaced = false;
    const client = doubted(met.conn, {
      session: () => sessions.get(username),
      find: (signal) => sessions.find(username, signal),
      source: visit.addresses.source,
      opening,
      onReplaced() {
        replaced = true;
        onJoined?.({ how: "replaced" }, username);
      },
    });
    const joined = new JoinedVisitor(visit.conn, client);
    guest.joined = joined;
    this.joined.add(username, joined);
    const session = sessions.get(username);
    let isDue = false;
    const callOff = scheduleTimeout(() => {
      isDue = true;
      session?.noteAnswer?.(joined.isAnswered, guest.cameAt);
      joined.endUnanswered("client did not answer in time");
    }, answerMs);
    const result = await splice(visit.conn, client, { idle, result: joined.passed });
    callOff();
    // Of one who left before an answer was due nothing else is known.
    if (!isDue && joined.isAnswered) session?.noteAnswer?.(true, guest.cameAt);
    this.joined.remove(username, joined);
    this.#options.onPassed?.(username, joined.takePassed());
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
}
