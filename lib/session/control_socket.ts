import {
  CLOSE,
  type DataPathWord,
  type GoodbyeReason,
  MAX_MESSAGE_BYTES,
  readClientMessage,
  type RelayMessage,
  SUBPROTOCOL,
} from "../wire/messages.ts";
import { sleep } from "../net/pause.ts";
import type { Log } from "../log.ts";
import type { Caller, ControlSocket, Transport } from "./caller.ts";
import { type Parking, type Redeem, Session } from "./session.ts";
import type { Sessions } from "./sessions.ts";
import type { Tickets } from "./tickets.ts";

/** Silence after which a client counts as gone. */
export const HEARTBEAT_LIMIT_MS = 30_000;

/** How often silence is looked for: how much later than the limit it can be noticed. */
const HEARTBEAT_CHECK_MS = 500;

/**
 * Deno pings after half of this without a frame, and would close with 1001 after the whole. It is
 * just above the limit, so that ours, with its own close code, comes first.
 */
const PING_IDLE_TIMEOUT_S = 31;

/** How often a client is pinged, milliseconds (PROTOCOL section 2). */
const PING_MS = 15_000;

/** How long a client may take to close its side after ours. */
const CLOSE_TIMEOUT_MS = 2_000;

/**
 * Bytes that a client may send before a message of it is complete: Deno collects a message whole
 * before it can be refused, however large it gets.
 */
const MESSAGE_ALLOWANCE = 4 * MAX_MESSAGE_BYTES;

/** What a client may send besides messages, pings and pongs above all: bytes a heartbeat check. */
const CHECK_ALLOWANCE = 8;

/** Unsent bytes above which a client does not read what it is sent. */
const MAX_UNSENT_BYTES = 1024 * 1024;

/** When a client may come back after what went wrong: long enough that a bug makes no storm. */
const TROUBLE_RETRY_MS = 60_000;

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

/** To one that starts again. */
export const AFTER_RESTART: ComeBack = { minMs: 1_000, eachMs: 2, leastMs: 1_000, mostMs: 10_000 };

/** To its successor, which is there: within the time that a visitor waits for them. */
export const AFTER_HAND_OVER: ComeBack = { minMs: 0, eachMs: 1, leastMs: 100, mostMs: 3_000 };

/** Options for {@linkcode Control}. */
export interface ControlOptions {
  sessions: Sessions;
  tickets: Tickets<Redeem>;
  /** What the `online` message tells. */
  online: (username: string) => Omit<Extract<RelayMessage, { type: "online" }>, "type">;
  /** Told of a user whose client was silent for too long, and is no more online. */
  onLost?: (username: string) => void;
  /** Counts what all clients park. @default no limit but each client's */
  parking?: Parking;
  log: Log;
  /** Clock of {@linkcode Transport.lastHeardAt}. @default {performance.now} */
  now?: () => number;
}

/** A control WebSocket and the session that lives on it. */
interface Link {
  socket: ControlSocket;
  transport: Transport;
  session: Session;
  /** Of two that open at once the one with the higher number is the newer. */
  number: number;
  closing: boolean;
  pingedAt: number;
  /** Ends the transport of a client that does not close its side. */
  closeTimer?: ReturnType<typeof setTimeout>;
}

/** The control WebSockets: their messages, heartbeat and end. */
export class Control {
  readonly #options: ControlOptions;
  readonly #links = new Map<Session, Link>();
  readonly #now: () => number;
  readonly #heartbeat: ReturnType<typeof setInterval>;
  #opened = 0;

  constructor(options: ControlOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#heartbeat = setInterval(() => this.checkHeartbeats(), HEARTBEAT_CHECK_MS);
  }

  /**
   * Accepts the WebSocket of an authorised request; the user is online once it is open. For the few that
   * are opened behind other requests of their connection.
   */
  accept(request: Request, caller: Caller): Response {
    const { socket, response } = Deno.upgradeWebSocket(request, {
      protocol: SUBPROTOCOL,
      idleTimeout: PING_IDLE_TIMEOUT_S,
    });
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => this.open(socket, caller), { once: true });
    return response;
  }

  /** Ends the user's session, and those that are about to be, for good: the token holds no more. */
  revoke(username: string): void {
    for (const link of [...this.#links.values()]) {
      if (link.session.username === username) this.#end(link, "revoked", CLOSE.revoked, null);
    }
    this.#options.sessions.forget(username);
  }

  /** Sends every client away to come back later, and waits until they closed. */
  async drain({ minMs, eachMs, leastMs, mostMs }: ComeBack): Promise<void> {
    clearInterval(this.#heartbeat);
    const spreadMs = Math.min(Math.max(this.#links.size * eachMs, leastMs), mostMs);
    for (const link of [...this.#links.values()]) {
      const retry = minMs + Math.floor(Math.random() * spreadMs);
      this.#end(link, "draining", CLOSE.draining, retry);
    }
    for (let waited = 0; this.#links.size > 0 && waited < CLOSE_TIMEOUT_MS; waited += 20) {
      await sleep(20);
    }
  }

  /** Ends the sessions that have been silent for too long. */
  checkHeartbeats(): void {
    for (const link of [...this.#links.values()]) {
      if (link.closing) continue;
      const { transport } = link;
      transport.allowance = Math.min(transport.allowance + CHECK_ALLOWANCE, MESSAGE_ALLOWANCE);
      if (this.#now() - transport.lastHeardAt >= HEARTBEAT_LIMIT_MS) {
        this.#close(link, CLOSE.heartbeatMissed, "heartbeat missed");
        this.#options.onLost?.(link.session.username);
      } else if (link.socket.bufferedAmount > MAX_UNSENT_BYTES) {
        transport.close();
      } else if (this.#now() - link.pingedAt >= PING_MS) {
        link.pingedAt = this.#now();
        link.socket.ping?.();
      }
    }
  }

  /**
   * Takes over the open WebSocket of an authorised request: the user is online once what authorised it
   * turns out to hold still. Never rejects.
   */
  async open(socket: ControlSocket, { username, holds, transport }: Caller): Promise<void> {
    const { tickets, parking } = this.#options;
    const send = (message: RelayMessage): void => {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
    };
    const session = new Session({ username, tickets, send, ...(parking && { parking }) });
    const link: Link = {
      ...{ socket, transport, session, number: this.#opened++ },
      ...{ closing: false, pingedAt: this.#now() },
    };
    // Before it is asked whether the token holds: from here on a revocation finds the link.
    this.#links.set(session, link);
    const admitted = this.#admit(link, holds, send);
    socket.addEventListener("message", async (event) => {
      await admitted;
      this.#receive(link, event.data);
    });
    // After an error too; sometimes twice.
    socket.addEventListener("close", (event) => this.#gone(link, event.code));
    transport.keep();
    transport.allowance = MESSAGE_ALLOWANCE;
    await admitted;
  }

  /** Puts the user online, unless the token was replaced or the name released since the request. */
  async #admit(
    link: Link,
    holds: () => Promise<boolean>,
    send: (message: RelayMessage) => void,
  ): Promise<void> {
    const { sessions, online, log } = this.#options;
    const { username } = link.session;
    const held = await holds().catch((error) => {
      log.error("cannot tell whether a client may be online", { username, error });
      this.#end(link, "draining", CLOSE.draining, TROUBLE_RETRY_MS);
    });
    // Gone or revoked by now.
    if (link.closing) return;
    if (!held) return this.#end(link, "revoked", CLOSE.revoked, null);
    const previous = sessions.get(username);
    const previousLink = previous && this.#links.get(previous);
    if (previousLink && previousLink.number > link.number) {
      return this.#end(link, "replaced", CLOSE.replaced, null);
    }
    send({ type: "online", ...online(username) });
    sessions.add(link.session);
    log.info("client online", { username, replaced: previous !== undefined || undefined });
    if (previousLink) this.#end(previousLink, "replaced", CLOSE.replaced, null);
  }

  #receive(link: Link, data: unknown): void {
    if (link.closing) return;
    link.transport.allowance = MESSAGE_ALLOWANCE;
    const read = readClientMessage(data);
    if (read.state === "bad") return this.#bad(link, read.detail);
    if (read.state === "ignored") return;
    const { message } = read;
    if (message.type === "refuse") return link.session.refuse(message.ticket);
    if (message.dataPath !== undefined) this.#dataPath(link, message.dataPath);
    link.session.setPool(message.size);
  }

  /** Keeps what a client says of its way to the data port; the operator may be able to mend it. */
  #dataPath({ session }: Link, word: DataPathWord): void {
    const { log, online } = this.#options;
    const { username, dataPath: before } = session;
    session.dataPath = word;
    if (word === before || (word === "works" && before === undefined)) return;
    const { dataHost, dataPort } = online(username);
    if (word === "works") return log.debug("client reaches the data port again", { username });
    // Once a session: what a client says over and over is not to fill the log.
    const say = before === undefined ? log.warn : log.debug;
    say("client cannot reach the data port, so its visitors cannot be served", {
      username,
      why: word,
      dataHost,
      dataPort,
    });
  }

  #bad(link: Link, detail: string): void {
    this.#options.log.info("client sent a bad message", {
      username: link.session.username,
      detail,
    });
    this.#end(link, "protocol", CLOSE.badMessage, TROUBLE_RETRY_MS, detail);
  }

  /** Says goodbye and closes. */
  #end(
    link: Link,
    reason: GoodbyeReason,
    code: number,
    retryAfterMs: number | null,
    detail: string = reason,
  ): void {
    if (link.closing) return;
    if (link.socket.readyState === WebSocket.OPEN) {
      const goodbye: RelayMessage = { type: "goodbye", reason, retryAfterMs };
      link.socket.send(JSON.stringify(goodbye));
    }
    this.#close(link, code, detail);
  }

  /** Closes, and takes the session off at once: the closing handshake may never end. */
  #close(link: Link, code: number, reason: string): void {
    link.closing = true;
    this.#offline(link, code);
    try {
      // A close frame holds at most 123 bytes of reason (RFC 6455 section 5.5.1).
      link.socket.close(code, reason.slice(0, 100).replace(/[^ -~]/g, "?"));
    } catch {
      // Not open any more.
    }
    link.closeTimer = setTimeout(() => link.transport.close(), CLOSE_TIMEOUT_MS);
  }

  #gone(link: Link, code: number): void {
    this.#links.delete(link.session);
    if (!link.closing) {
      link.closing = true;
      this.#offline(link, code);
    }
    // Not at once: our half of the closing handshake is still on its way (RFC 6455 section 7.1.1).
    link.closeTimer ??= setTimeout(() => link.transport.close(), CLOSE_TIMEOUT_MS);
  }

  #offline(link: Link, code: number): void {
    const { session } = link;
    const { sessions, log } = this.#options;
    const wasCurrent = sessions.get(session.username) === session;
    sessions.remove(session, code !== CLOSE.revoked);
    session.end();
    if (wasCurrent) log.info("client offline", { username: session.username, code });
  }
}
