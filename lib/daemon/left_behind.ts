import type {
  Predecessor,
  PredecessorLine,
  PredecessorWord,
  SuccessorWord,
} from "../admin/hand_over.ts";
import type { PresenceRow } from "../cluster/engine.ts";
import { RemoteSessions, type RemoteSessionsOptions } from "../cluster/remote_sessions.ts";
import type { IdleWatch } from "../net/idle_watch.ts";
import { settleWithin } from "../net/pause.ts";
import type { PassedOn, Session } from "../session/session.ts";
import type { Sessions } from "../session/sessions.ts";
import type { RelayMessage } from "../wire/messages.ts";
import { meetForPredecessor } from "./late_visitors.ts";

/** How long a relay may take to say who is online at it, milliseconds. */
const FIRST_WORD_MS = 2_000;

/** The name of the first line, to the relay that has the same id among others of BASE. */
const SAME = "0";

/** Options for {@linkcode LeftBehind}. */
export interface LeftBehindOptions extends Omit<RemoteSessionsOptions, "send"> {
  sessions: Pick<Sessions, "get" | "find" | "changedElsewhere">;
  /** Where clients bring data connections for visitors here. */
  data: { dataHost: string; dataPort: number };
  /** Told who is at the first of the relays, which others of BASE know by the same id as this one. */
  onThere: (username: string) => void;
  /** Told who is there no more. */
  onLeft: (username: string, change: "left" | "gone") => void;
  /** Ends visitors who were brought on here, and of whom nothing is heard for too long. */
  idle?: IdleWatch;
}

/**
 * Clients who are still at the relay whose place this one takes: visitors meet them by way of it, and so need not
 * wait until they have come.
 */
export class LeftBehind {
  readonly #options: LeftBehindOptions;
  readonly #remote: RemoteSessions;
  /** By a name for each relay. */
  readonly #lines = new Map<string, PredecessorLine>();
  readonly #reachable = Promise.withResolvers<void>();
  /** Resolved when a line's relay has nobody online any more. */
  readonly #emptied = new Map<string, () => void>();
  /** Visitors of those relays who were brought on here. */
  readonly #broughtOn = new Set<Promise<void>>();
  #moved: Promise<unknown> = Promise.resolve();

  constructor(options: LeftBehindOptions) {
    this.#options = options;
    this.#remote = new RemoteSessions({
      ...options,
      send: (where, message) => this.#pass(where, message),
    });
  }

  /** Resolves when the relays that are watched have sent all who were there, or are gone. */
  get moved(): Promise<unknown> {
    return this.#moved;
  }

  /** Resolves when clients can bring data connections here. */
  get reachable(): Promise<void> {
    return this.#reachable.promise;
  }

  /** Resolves when no visitor is left who was brought on here. */
  async visitorsGone(): Promise<void> {
    while (this.#broughtOn.size > 0) await Promise.all(this.#broughtOn);
  }

  /** Knows who is there from when it resolves. Rejects where that cannot be asked. */
  async watch(predecessor: Pick<Predecessor, "lines">): Promise<void> {
    const lines = await predecessor.lines();
    this.#moved = Promise.all(
      lines.map((_, i) => new Promise<void>((resolve) => this.#emptied.set(`${i}`, resolve))),
    );
    await settleWithin(FIRST_WORD_MS, lines.map((line, i) => this.#watch(`${i}`, line)));
  }

  /** Data connections come here from now on: what clients were to be told until now they are. */
  begin(): void {
    this.#reachable.resolve();
  }

  /** Whether the user is there. */
  has(username: string): boolean {
    return this.#remote.locate(username) !== undefined;
  }

  /** Names of these users. */
  usernames(): IterableIterator<string> {
    return this.#remote.usernames();
  }

  /** What a visitor meets the user by who is there. */
  reach(username: string): Session | undefined {
    return this.#remote.reach(username);
  }

  /** The user has come, or is at another relay by now. */
  arrived(username: string): void {
    this.#delete(username, "left");
    this.#say({ type: "arrived", username });
  }

  /**
   * The user is online at another relay by now. Whether that is the newer session nobody here can tell, so none ends,
   * but those who sent them over need not wait.
   */
  elsewhere(username: string): void {
    this.#say({ type: "elsewhere", username });
  }

  /** The user's token holds no more: no visitor meets them there, and their session there ends. */
  forget(username: string): void {
    this.#delete(username, "gone");
    this.#say({ type: "revoked", username });
  }

  /** The settings were read again here. */
  reload(): void {
    this.#say({ type: "reload" });
  }

  /** Has nothing to do with it any more. */
  stop(): void {
    for (const line of this.#lines.values()) line.close();
    this.#remote.clear();
  }

  #watch(name: string, line: PredecessorLine): Promise<void> {
    this.#lines.set(name, line);
    const heard = Promise.withResolvers<void>();
    line.hear((word) => {
      this.#hear(name, word);
      heard.resolve();
    });
    line.closed.then(() => {
      this.#lines.delete(name);
      this.#empty(name);
      heard.resolve();
    });
    return heard.promise;
  }

  #hear(name: string, word: PredecessorWord): void {
    const { sessions, onThere } = this.#options;
    switch (word.type) {
      case "online":
        for (const username of word.usernames) {
          if (sessions.get(username) !== undefined) continue;
          this.#remote.set({ username, relay: name, boot: name, epoch: 0, state: "online" });
          sessions.changedElsewhere(username, "online");
          if (name === SAME) onThere(username);
        }
        return;
      case "moved":
        return this.#empty(name);
      case "left":
        return this.#leave(name, word.username, word.comingBack);
      case "refused":
        this.#remote.peek(word.username)?.refuse(word.ticket);
        return;
      case "strayed":
        this.#remote.peek(word.username)?.stray(word.ticket);
        return;
      case "visitor":
        this.#bringOn(name, word);
    }
  }

  async #bringOn(
    name: string,
    asked: Extract<PredecessorWord, { type: "visitor" }>,
  ): Promise<void> {
    const { sessions, idle } = this.#options;
    const tell = (unmet: SuccessorWord): void => this.#lines.get(name)?.say(unmet);
    const visit = meetForPredecessor(sessions, asked, tell, idle);
    this.#broughtOn.add(visit);
    await visit;
    this.#broughtOn.delete(visit);
  }

  /** Who is not here by now is on their way. */
  #empty(name: string): void {
    for (const username of [...this.#remote.usernames()]) this.#leave(name, username, true);
    this.#emptied.get(name)?.();
  }

  #leave(name: string, username: string, comingBack: boolean): void {
    const { sessions, onLeft } = this.#options;
    const wasThere = this.#remote.locate(username)?.boot === name;
    // Who will not come back has left before; one who is at another process by now is not meant.
    if (!wasThere && (comingBack || this.has(username))) return;
    if (wasThere) this.#remote.delete(username);
    const change = comingBack ? "left" : "gone";
    sessions.changedElsewhere(username, change);
    if (sessions.get(username) === undefined) onLeft(username, change);
  }

  #delete(username: string, change: "left" | "gone"): void {
    if (!this.has(username)) return;
    this.#remote.delete(username);
    this.#options.onLeft(username, change);
  }

  async #pass({ username, boot }: PresenceRow, message: RelayMessage): Promise<void> {
    if (message.type !== "connect" && message.type !== "tickets") return;
    await this.reachable;
    // What another relay has passed on here says where itself.
    const passed: PassedOn = { ...this.#options.data, ...message };
    this.#lines.get(boot)?.say({ type: "pass", username, message: passed });
  }

  #say(word: SuccessorWord): void {
    for (const line of this.#lines.values()) line.say(word);
  }
}
