import type { Log } from "../log.ts";
import { type Schedule, scheduleTimeout } from "../net/schedule.ts";
import type { Duplex } from "../net/splice.ts";
import { together } from "../net/together.ts";
import type { Session } from "../session/session.ts";
import type { RelayMessage } from "../wire/messages.ts";
import type { ClusterEngine, Letter, PresenceRow } from "./engine.ts";
import { type PeerMessage, readPeerMessage } from "./peer_message.ts";

/**
 * When a `connect` is sent again whose visitor still waits, after twice as long each time: what is told while the
 * other relay has no connection to listen by is lost, as where the database ended all of them.
 */
export const AGAIN_MS = 500;

/** How many times in a row it cannot be sent before the visitor is told: the last is 3.5 s after the first, and PostgreSQL takes less to restart. */
export const FAILURES = 4;

/** A visitor's request for a data connection of a client at another relay. */
interface Asked {
  where: PresenceRow;
  message: Extract<RelayMessage, { type: "connect" }>;
  session: Session;
  /** When its ticket is void, by the clock of the options. */
  until: number;
  failures: number;
}

/** Options for {@linkcode PeerLine}. */
export interface PeerLineOptions {
  engine: Pick<ClusterEngine, "send">;
  /** This relay and this process of it. */
  me: { relay: string; boot: string };
  /** Where clients of other relays bring data connections for visitors here. */
  data: { dataHost: string; dataPort: number };
  /** Resolves when they can bring them: until then none is asked to. @default at once */
  reachable?: Promise<void>;
  /** The user's session at this relay. */
  local: (username: string) => Session | undefined;
  /** The session that visitors here meet a user by who is at another relay. */
  remote: (username: string) => Session | undefined;
  /**
   * A data connection came here with the ticket of another relay: takes it there, and never rejects.
   *
   * @param to that relay's data port.
   */
  onStray: (
    stray: { conn: Duplex; ticket: string; username: string },
    to: { dataHost: string; dataPort: number },
  ) => Promise<void>;
  /** Tells whether a ticket of this relay's can still be shown. */
  tickets: { has(ticket: string): boolean };
  log: Log;
  /** Clock in milliseconds that never goes back. @default {performance.now} */
  now?: () => number;
  /** @default {setTimeout} */
  schedule?: Schedule;
}

/** What relays say to each other so that a visitor at one meets a client at another. */
export class PeerLine {
  readonly #options: PeerLineOptions;
  readonly #now: () => number;
  /** One write at a time, however many visitors come. */
  readonly #post: (letter: Letter) => Promise<void>;

  constructor(options: PeerLineOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#post = together((letters) => options.engine.send(letters));
  }

  /** Has a client at another relay told what its session here says. Never rejects. */
  async ask(where: PresenceRow, message: RelayMessage, session: Session): Promise<void> {
    const askedAt = this.#now();
    await this.#options.reachable;
    if (message.type === "tickets") {
      this.#tell(where, message).catch((error) => this.#cannotAsk(where, error));
    } else if (message.type === "connect" && this.#options.tickets.has(message.ticket)) {
      const until = askedAt + message.expiresInMs;
      this.#connect({ where, message, session, until, failures: 0 });
    }
  }

  #connect(asked: Asked, againMs = AGAIN_MS): void {
    const { tickets, schedule = scheduleTimeout } = this.#options;
    const { where, message, session } = asked;
    const expiresInMs = Math.ceil(asked.until - this.#now());
    this.#tell(where, { ...message, expiresInMs }).then(() => asked.failures = 0, (error) => {
      this.#cannotAsk(where, error);
      if (++asked.failures === FAILURES) session.refuse(message.ticket);
    });
    schedule(() => {
      if (tickets.has(message.ticket)) this.#connect(asked, againMs * 2);
    }, againMs);
  }

  #tell(where: PresenceRow, message: Extract<RelayMessage, { type: "connect" | "tickets" }>) {
    const { username, boot } = where;
    return this.#send(boot, { username, message: { ...message, ...this.#options.data } });
  }

  #cannotAsk({ relay }: PresenceRow, error: unknown): void {
    this.#options.log.debug("cannot ask a client by way of its relay", { relay, error });
  }

  /** Takes what another relay sent. */
  receive(text: string): void {
    const { local, remote, onStray, log } = this.#options;
    const read = readPeerMessage(text);
    if (read === undefined) return;
    const { from, username, message } = read;
    if (message.type === "refuse") return remote(username)?.refuse(message.ticket);
    local(username)?.passOn(message, {
      onShown: (conn, ticket) => void onStray({ conn, ticket, username }, message),
      onRefused: (ticket) => {
        this.#send(from, { username, message: { type: "refuse", ticket } })
          .catch((error) => log.debug("cannot tell a relay of a refusal", { error }));
      },
    });
  }

  #send(to: string, message: Omit<PeerMessage, "from">): Promise<void> {
    const from = this.#options.me.boot;
    return this.#post({ to, text: JSON.stringify({ from, ...message } satisfies PeerMessage) });
  }
}
