import type { Log } from "../log.ts";
import {
  CLOSE,
  type DataPathWord,
  type GoodbyeReason,
  MAX_MESSAGE_BYTES,
  readClientMessage,
  type RelayMessage,
} from "../wire/messages.ts";
import type { ControlSocket, Transport } from "./caller.ts";
import type { Parking } from "./parked_pool.ts";
import { Session } from "./session.ts";
import type { Redeem, Tickets } from "./tickets.ts";

/** Silence after which a client counts as gone. */
export const HEARTBEAT_LIMIT_MS = 30_000;

/** How often a client is pinged, milliseconds (PROTOCOL section 2). */
const PING_MS = 15_000;

/**
 * How soon after one it is pinged again where nothing came: WebSockets of Deno over TLS may keep a pong until they
 * send something else (denoland/deno#36862), and are not gone.
 */
const PING_AGAIN_MS = 5_000;

/** How long a client may take to close its side after ours. */
export const CLOSE_TIMEOUT_MS = 2_000;

/** Bytes that a client may send before a message of it is complete, and refused if it is too long. */
const MESSAGE_ALLOWANCE = 4 * MAX_MESSAGE_BYTES;

/** What a client may send besides what it is heard by, TLS's own records above all: bytes a check. */
const CHECK_ALLOWANCE = 8;

/** How late a check of the heartbeat is where the relay itself was stopped, as by a pause of its machine. */
const STOPPED_MS = 5_000;

/** Unsent bytes above which a client does not read what it is sent. */
const MAX_UNSENT_BYTES = 1024 * 1024;

/** When a client may come back after what went wrong: long enough that a bug makes no storm. */
export const FAILURE_RETRY_MS = 60_000;

/** The close code behind each goodbye. */
const GOODBYE_CODE: Record<GoodbyeReason, number> = {
  replaced: CLOSE.replaced,
  draining: CLOSE.draining,
  revoked: CLOSE.revoked,
  protocol: CLOSE.badMessage,
};

/** Options for {@linkcode ControlLink}. */
export interface ControlLinkOptions {
  socket: ControlSocket;
  transport: Transport;
  username: string;
  /** Whether what authorised it still does. */
  holds: () => Promise<boolean>;
  /** Of two of a user that open at once the one with the higher number is the newer. */
  number: number;
  /** Resolves when it is decided whether the user is online: no message is read before. */
  admitted: Promise<void>;
  tickets: Tickets<Redeem>;
  /** Counts what all clients park. @default no limit but each client's */
  parking?: Parking;
  /** Where clients are told to bring data connections; for the log. */
  dataPort: () => { dataHost: string; dataPort: number };
  log: Log;
  /** Clock of {@linkcode Transport.lastHeardAt}. @default {performance.now} */
  now?: () => number;
  /** Told once, with the close code, when the session is not to be used any more. */
  onOver: (link: ControlLink, code: number) => void;
  /** Told when the WebSocket is closed. */
  onClosed: (link: ControlLink) => void;
}

/** A control WebSocket and the session that lives on it: its messages, heartbeat and end. */
export class ControlLink {
  readonly session: Session;
  readonly number: number;
  readonly #options: ControlLinkOptions;
  readonly #now: () => number;
  #closing = false;
  /** What is to be told a client that was not told yet that it is online, which is the first message. */
  #held: RelayMessage[] | undefined = [];
  #pingedAt: number;
  #checkedAt: number;
  /** Since when the client could be heard, if that is after it was. */
  #heardFrom = -Infinity;
  /** Ends the transport of a client that does not close its side. */
  #closeTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ControlLinkOptions) {
    const { socket, transport, username, tickets, parking, now = () => performance.now() } =
      options;
    this.#options = options;
    this.number = options.number;
    this.#now = now;
    // The request is as good as an answer.
    this.#pingedAt = transport.lastHeardAt;
    this.#checkedAt = this.#now();
    this.session = new Session({
      username,
      tickets,
      send: (message) => this.#held === undefined ? this.send(message) : this.#held.push(message),
      lastHeardAt: () => transport.lastHeardAt,
      ...(parking && { parking }),
    });
    socket.addEventListener("message", async (event) => {
      await options.admitted;
      this.#receive(event.data);
    });
    // However often it pings: it is cut off for a message without an end, and for nothing else.
    socket.addEventListener("heard", () => transport.allowance = MESSAGE_ALLOWANCE);
    // After an error too.
    socket.addEventListener("close", (event) => this.#closed(event.code));
    transport.keep();
    transport.allowance = MESSAGE_ALLOWANCE;
  }

  /** Whether it is closed, or about to be. */
  get closing(): boolean {
    return this.#closing;
  }

  /** Whether what authorised it still does. Rejects as the store. */
  holds(): Promise<boolean> {
    return this.#options.holds();
  }

  /** Tells the client that it is online, and then what its session had to say until now. */
  begin(online: Extract<RelayMessage, { type: "online" }>): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const message of [online, ...held]) this.send(message);
  }

  /** Sends a message; nothing if the WebSocket is not open any more. */
  send(message: RelayMessage): void {
    const { socket } = this.#options;
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  }

  /**
   * Says goodbye and closes.
   *
   * @param retryAfterMs when the client may come back; null: not by itself.
   */
  end(reason: GoodbyeReason, retryAfterMs: number | null, detail: string = reason): void {
    if (this.#closing) return;
    this.send({ type: "goodbye", reason, retryAfterMs });
    this.#close(GOODBYE_CODE[reason], detail);
  }

  /**
   * Lets the client send a little more, asks whether it is still there, and ends a session whose client
   * is silent or does not read.
   *
   * @returns whether that is since the client was silent.
   */
  checkHeartbeat(): boolean {
    if (this.#closing) return false;
    const { socket, transport } = this.#options;
    const now = this.#now();
    transport.allowance = Math.min(transport.allowance + CHECK_ALLOWANCE, MESSAGE_ALLOWANCE);
    if (now - this.#checkedAt >= STOPPED_MS) this.#heardFrom = now;
    this.#checkedAt = now;
    if (now - Math.max(transport.lastHeardAt, this.#heardFrom) >= HEARTBEAT_LIMIT_MS) {
      this.#close(CLOSE.heartbeatMissed, "heartbeat missed");
      return true;
    }
    if (socket.bufferedAmount > MAX_UNSENT_BYTES) transport.close();
    else if (now - this.#pingedAt >= this.#pingPauseMs) {
      this.#pingedAt = now;
      socket.ping();
    }
    return false;
  }

  /** How long after the last ping the next one is due. */
  get #pingPauseMs(): number {
    return this.#options.transport.lastHeardAt < this.#pingedAt ? PING_AGAIN_MS : PING_MS;
  }

  #receive(data: unknown): void {
    if (this.#closing) return;
    this.#options.transport.allowance = MESSAGE_ALLOWANCE;
    const read = readClientMessage(data);
    if (read.state === "bad") return this.#bad(read.detail);
    if (read.state === "ignored") return;
    const { message } = read;
    if (message.type === "refuse") return this.session.refuse(message.ticket);
    if (message.dataPath !== undefined) this.#noteDataPath(message.dataPath);
    this.session.setPool(message.size);
  }

  /** Keeps what a client says of its way to the data port; the operator may be able to mend it. */
  #noteDataPath(word: DataPathWord): void {
    const { log, dataPort } = this.#options;
    const { username, dataPath: before } = this.session;
    this.session.dataPath = word;
    if (word === before || (word === "works" && before === undefined)) return;
    if (word === "works") return log.debug("client reaches the data port again", { username });
    // Once a session: what a client says over and over is not to fill the log.
    const say = before === undefined ? log.warn : log.debug;
    say("client's way to the data port fails, so its visitors cannot be served", {
      username,
      why: word,
      ...dataPort(),
    });
  }

  #bad(detail: string): void {
    const { username } = this.session;
    this.#options.log.info("client sent a bad message", { username, detail });
    this.end("protocol", FAILURE_RETRY_MS, detail);
  }

  /** Closes, and takes the session off at once: the closing handshake may never end. */
  #close(code: number, reason: string): void {
    const { socket, transport, onOver } = this.#options;
    this.#closing = true;
    onOver(this, code);
    socket.close(code, reason);
    this.#closeTimer = setTimeout(() => transport.close(), CLOSE_TIMEOUT_MS);
  }

  #closed(code: number): void {
    const { transport, onClosed, onOver } = this.#options;
    onClosed(this);
    if (!this.#closing) {
      this.#closing = true;
      onOver(this, code);
    }
    // Not at once: our half of the closing handshake is still on its way (RFC 6455 section 7.1.1).
    this.#closeTimer ??= setTimeout(() => transport.close(), CLOSE_TIMEOUT_MS);
  }
}
