import type { Log } from "../log.ts";
import { settleWithin, sleep } from "../net/pause.ts";
import { CLOSE, type RelayMessage } from "../wire/messages.ts";
import type { Caller, ControlSocket } from "./caller.ts";
import { CLOSE_TIMEOUT_MS, ControlLink, FAILURE_RETRY_MS } from "./control_socket.ts";
import { type Pace, sendPaced } from "./pace.ts";
import type { Parking } from "./parked_pool.ts";
import type { Session } from "./session.ts";
import type { Sessions } from "./sessions.ts";
import type { Redeem, Tickets } from "./tickets.ts";

/** How often silence is looked for: how much later than the limit it can be noticed. */
const HEARTBEAT_CHECK_MS = 500;

/**
 * When clients of a relay that stops may come back: soon, since visitors wait 5 s for them, but spread
 * over a time that grows with their number, since each costs the relay a TLS handshake.
 */
export interface ComeBack {
  minMs: number;
  eachMs: number;
  leastMs: number;
  mostMs: number;
}

/** To one that starts again, which takes about half a second. */
export const AFTER_RESTART: ComeBack = { minMs: 500, eachMs: 1, leastMs: 250, mostMs: 10_000 };

/**
 * How long a client waits to be told that it is online where other relays cannot be told, milliseconds: as long as
 * one more try of theirs takes, and well within what visitors wait for somebody who comes back.
 */
const ANNOUNCED_WITHIN_MS = 2_000;

/** One that is sent to a relay that is there comes at once; 0 would leave it a pause of its own. */
const AT_ONCE_MS = 1;

/** Options for {@linkcode ControlSockets}. */
export interface ControlSocketsOptions {
  sessions: Sessions;
  tickets: Tickets<Redeem>;
  /** What the `online` message tells. */
  online: (username: string) => Omit<Extract<RelayMessage, { type: "online" }>, "type">;
  /** Told of a user whose client was silent for too long, and is no more online. */
  onLost?: (username: string) => void;
  /**
   * Resolves once other relays of BASE know that a user came online here. Never rejects.
   *
   * @default there are none
   */
  announced?: (username: string) => Promise<void> | undefined;
  /** Counts what all clients park. @default no limit but each client's */
  parking?: Parking;
  log: Log;
}

/** The control WebSockets of all clients. */
export class ControlSockets {
  readonly #options: ControlSocketsOptions;
  readonly #links = new Map<Session, ControlLink>();
  readonly #heartbeat: ReturnType<typeof setInterval>;
  #opened = 0;
  /** Sends a client away to come back later, once the relay stops. */
  #sendAway: ((link: ControlLink) => void) | undefined;

  constructor(options: ControlSocketsOptions) {
    this.#options = options;
    this.#heartbeat = setInterval(() => this.#checkHeartbeats(), HEARTBEAT_CHECK_MS);
  }

  /**
   * Takes over the open WebSocket of an authorised request: the user is online once what authorised it
   * turns out to hold still. Never rejects.
   */
  async open(socket: ControlSocket, { username, holds, transport }: Caller): Promise<void> {
    const { tickets, online, parking, log } = this.#options;
    const admitted = Promise.withResolvers<void>();
    const link = new ControlLink({
      ...{ socket, transport, username, holds, tickets, log },
      number: this.#opened++,
      admitted: admitted.promise,
      ...(parking && { parking }),
      dataPort() {
        const { dataHost, dataPort } = online(username);
        return { dataHost, dataPort };
      },
      onOver: (link, code) => this.#offline(link, code),
      onClosed: (link) => this.#links.delete(link.session),
    });
    // Before it is asked whether the token holds: from here on a revocation finds the link.
    this.#links.set(link.session, link);
    await this.#admit(link);
    admitted.resolve();
  }

  /** Puts the user online, unless the token was replaced or the name released since the request. */
  async #admit(link: ControlLink): Promise<void> {
    const { sessions, online, log } = this.#options;
    const { username } = link.session;
    const held = await this.#holds(link);
    // Gone or revoked by now.
    if (link.closing) return;
    // On its way in when the others were sent away.
    if (this.#sendAway !== undefined) return this.#sendAway(link);
    if (!held) return link.end("revoked", null);
    const previous = sessions.get(username);
    const previousLink = previous && this.#links.get(previous);
    if (previousLink && previousLink.number > link.number) return link.end("replaced", null);
    sessions.add(link.session);
    log.info("client online", { username, replaced: previous !== undefined || undefined });
    previousLink?.end("replaced", null);
    const announced = this.#options.announced?.(username);
    if (announced !== undefined) await settleWithin(ANNOUNCED_WITHIN_MS, [announced]);
    // From now on visitors reach it, wherever they come.
    if (!link.closing) link.begin({ type: "online", ...online(username) });
  }

  /** Whether a client's token holds; where that cannot be told, it is sent away to come back later. */
  async #holds(link: ControlLink): Promise<boolean | void> {
    const { username } = link.session;
    return await link.holds().catch((error) => {
      this.#options.log.error("cannot tell whether a client may be online", { username, error });
      link.end("draining", FAILURE_RETRY_MS);
    });
  }

  /** Ends the user's session, and those that are about to be, for good: the token holds no more. */
  revoke(username: string): void {
    for (const link of [...this.#links.values()]) {
      if (link.session.username === username) link.end("revoked", null);
    }
    this.#options.sessions.comingBack.forget(username);
  }

  /** A newer session of the user is at another relay: ends the one here. */
  replace(username: string): void {
    const session = this.#options.sessions.get(username);
    if (session !== undefined) this.#links.get(session)?.end("replaced", null);
  }

  /** Ends those of the user's sessions whose token holds no more, as another relay has told. */
  async recheck(username: string): Promise<void> {
    const links = [...this.#links.values()].filter(({ session }) => session.username === username);
    for (const link of links) {
      if (await this.#holds(link) === false) link.end("revoked", null);
    }
  }

  /** Sends every client away to come back later, and waits until they closed. */
  async drain({ minMs, eachMs, leastMs, mostMs }: ComeBack): Promise<void> {
    const spreadMs = Math.min(Math.max(this.#links.size * eachMs, leastMs), mostMs);
    this.#sendAway = (link) => link.end("draining", minMs + Math.floor(Math.random() * spreadMs));
    for (const link of [...this.#links.values()]) this.#sendAway(link);
    await this.#closed();
  }

  /**
   * Sends the clients to the relay that has this one's place, a few at a time, and waits until they have come there and
   * closed here.
   *
   * @param arrival resolves once a user is online there who is sent there now. Never rejects.
   */
  async sendOver(arrival: (username: string) => Promise<void>, pace: Pace): Promise<void> {
    const send = this.#sendAway = (link: ControlLink) => link.end("draining", AT_ONCE_MS);
    await sendPaced([...this.#links.values()], (link) => {
      if (link.closing) return undefined;
      const arrived = arrival(link.session.username);
      send(link);
      return arrived;
    }, pace);
    await this.#closed();
  }

  /** Waits until every client has closed, for so long as one may take. */
  async #closed(): Promise<void> {
    clearInterval(this.#heartbeat);
    for (let waited = 0; this.#links.size > 0 && waited < CLOSE_TIMEOUT_MS; waited += 20) {
      await sleep(20);
    }
  }

  #checkHeartbeats(): void {
    for (const link of [...this.#links.values()]) {
      if (link.checkHeartbeat()) this.#options.onLost?.(link.session.username);
    }
  }

  #offline({ session }: ControlLink, code: number): void {
    const { sessions, log } = this.#options;
    const wasCurrent = sessions.get(session.username) === session;
    sessions.remove(session, code !== CLOSE.revoked);
    session.end();
    if (wasCurrent) log.info("client offline", { username: session.username, code });
  }
}
