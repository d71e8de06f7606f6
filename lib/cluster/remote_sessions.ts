import { type Schedule, scheduleTimeout } from "../net/schedule.ts";
import type { Parking } from "../session/parked_pool.ts";
import { Session } from "../session/session.ts";
import type { Redeem, Tickets } from "../session/tickets.ts";
import type { RelayMessage } from "../wire/messages.ts";
import type { PresenceRow } from "./engine.ts";

/** Data connections that are kept parked here for a client of another relay, while visitors come. */
export const WARM_POOL = 4;

/** How long after the last visitor of a user they are kept. */
export const WARM_MS = 5 * 60_000;

/** How long after its first visitor they are asked for: that visitor's own connection comes first. */
export const WARM_DELAY_MS = 50;

/** Options for {@linkcode RemoteSessions}. */
export interface RemoteSessionsOptions {
  tickets: Tickets<Redeem>;
  /** Where a place is taken for each ticket to park with. */
  parking?: Parking;
  /** Has the relay where the client is pass a message on to it; never throws. */
  send: (where: PresenceRow, message: RelayMessage, session: Session) => void;
  /** @default {setTimeout} */
  schedule?: Schedule;
}

/** A user who is online at another relay. */
interface Remote {
  where: PresenceRow;
  /** Made for the first visitor. */
  session?: Session;
}

/**
 * Users who are online at other relays, and the sessions that visitors here meet them by: tickets and
 * parked connections are this relay's own, only what the client is told goes by way of the other one.
 */
export class RemoteSessions {
  readonly #options: RemoteSessionsOptions;
  readonly #schedule: Schedule;
  readonly #users = new Map<string, Remote>();
  /** Users who had a visitor lately, wherever they are by now, and what calls off that they have none any more. */
  readonly #warm = new Map<string, () => void>();

  constructor(options: RemoteSessionsOptions) {
    this.#options = options;
    this.#schedule = options.schedule ?? scheduleTimeout;
  }

  /** How many there are. */
  get size(): number {
    return this.#users.size;
  }

  /** Where the user is, if at another relay. */
  locate(username: string): PresenceRow | undefined {
    return this.#users.get(username)?.where;
  }

  /** Names of all of them. */
  usernames(): IterableIterator<string> {
    return this.#users.keys();
  }

  /** The session for a visitor of the user; connections are kept parked for the next ones from now on. */
  reach(username: string): Session | undefined {
    const remote = this.#users.get(username);
    if (remote === undefined) return undefined;
    this.#warm.get(username)?.();
    this.#warm.set(username, this.#schedule(() => this.#cool(username), WARM_MS));
    return remote.session ??= this.#begin(remote);
  }

  /** The user's session, if there is one: for what is told of it. */
  peek(username: string): Session | undefined {
    return this.#users.get(username)?.session;
  }

  /** The user is there from now on. */
  set(where: PresenceRow): void {
    const { username, relay, boot, epoch } = where;
    const before = this.#users.get(username);
    if (before?.where.relay === relay && before.where.epoch === epoch) {
      if (before.where.boot === boot) return;
      // Another process has that relay's place, and the client's session goes on: so does what it has parked here.
      before.where = where;
      before.session?.askAnew();
      return;
    }
    const remote: Remote = { where };
    // First, so that those who wait for the former find this one.
    this.#users.set(username, remote);
    before?.session?.end();
    // The next visitor finds connections parked as the one before did.
    if (this.#warm.has(username)) remote.session = this.#begin(remote);
  }

  /** The user is at no other relay any more; whoever waits for them there looks again. */
  delete(username: string): void {
    const remote = this.#users.get(username);
    if (remote === undefined) return;
    this.#users.delete(username);
    remote.session?.end();
  }

  /** Ends all. */
  clear(): void {
    for (const username of [...this.#users.keys()]) this.delete(username);
    for (const callOff of this.#warm.values()) callOff();
    this.#warm.clear();
  }

  #begin(remote: Remote): Session {
    const { tickets, parking, send, schedule } = this.#options;
    const session: Session = new Session({
      username: remote.where.username,
      tickets,
      ...(parking && { parking }),
      ...(schedule && { schedule }),
      send: (message) => send(remote.where, message, session),
    });
    this.#schedule(() => {
      if (remote.session === session) session.setPool(WARM_POOL);
    }, WARM_DELAY_MS);
    return session;
  }

  #cool(username: string): void {
    this.#warm.delete(username);
    const remote = this.#users.get(username);
    remote?.session?.end();
    delete remote?.session;
  }
}
