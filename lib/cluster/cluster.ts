import type { Log } from "../log.ts";
import { type Schedule, scheduleTimeout } from "../net/schedule.ts";
import type { Parking } from "../session/parked_pool.ts";
import type { Session } from "../session/session.ts";
import type { PresenceChange } from "../session/sessions.ts";
import type { Redeem, Tickets } from "../session/tickets.ts";
import { Announcer } from "./announcer.ts";
import { ChangeReader } from "./change_reader.ts";
import type {
  Changes,
  ClusterEngine,
  NoticeKind,
  PresenceRow,
  RelayFigures,
  Standing,
} from "./engine.ts";
import { type ClusterView, FAULTS, lookAtCluster } from "./figures.ts";
import { Heart } from "./heart.ts";
import { PeerLine, type PeerLineOptions } from "./peer_line.ts";
import { RemoteSessions } from "./remote_sessions.ts";

/**
 * How long a session here goes on though a newer one is known elsewhere: one that was announced late,
 * and has ended by then, takes that back.
 */
export const SETTLE_MS = 500;

/** Options for {@linkcode Cluster}. */
export interface ClusterOptions extends Omit<PeerLineOptions, "engine" | "remote" | "tickets"> {
  engine: ClusterEngine;
  tickets: Tickets<Redeem>;
  parking?: Parking;
  /** Told where a user now is who comes to, or leaves, another relay. */
  onElsewhere: (username: string, change: PresenceChange) => void;
  /** A newer session of the user is elsewhere: ends the one here. */
  onOutdated: (username: string) => void;
  /** Told what another relay did. */
  onNotice: (kind: NoticeKind, username: string | undefined) => void;
  figures: () => RelayFigures;
  log: Log;
  /** Clock in milliseconds that never goes back. @default {performance.now} */
  now?: () => number;
  /** @default {setTimeout} */
  schedule?: Schedule;
}

/** This relay among those of its BASE. */
export class Cluster {
  readonly #options: ClusterOptions;
  readonly #remote: RemoteSessions;
  readonly #announcer: Announcer;
  readonly #heart: Heart;
  readonly #reader: ChangeReader;
  readonly #line: PeerLine;
  #hears = false;
  #taken = false;
  #hasSuccessor = false;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#remote = new RemoteSessions({ ...options, send: (...told) => this.#line.ask(...told) });
    this.#line = new PeerLine({ ...options, remote: (username) => this.#remote.peek(username) });
    this.#announcer = new Announcer(options);
    this.#heart = new Heart({
      ...options,
      begin: () => this.#announcer.join(),
      onBeat: (standing) => this.#onBeat(standing),
    });
    this.#reader = new ChangeReader({
      ...options,
      onChanges: (changes) => this.#onChanges(changes),
      onWhole: (online) => this.#compare(online),
      onFailure: () => this.#heart.disturb(),
    });
  }

  /** Users online at other relays. */
  get elsewhere(): number {
    return this.#remote.size;
  }

  /** What keeps this relay from knowing of the others; undefined when nothing does. */
  get fault(): string | undefined {
    if (this.#hasSuccessor) return undefined;
    if (this.#taken) return FAULTS.taken;
    if (this.#heart.away) return FAULTS.away;
    return this.#hears ? undefined : FAULTS.deaf;
  }

  /** Knows of the others from now on. Rejects when the engine cannot be reached. */
  async watch(): Promise<void> {
    await this.#options.engine.listen({
      onHearing: () => this.#onHearing(),
      onDeaf: (error) => this.#onDeaf(error),
      onChange: () => this.#reader.changed(),
      onMessage: (text) => this.#line.receive(text),
    });
    await this.#reader.read();
  }

  /** Is known to the others from now on, or from when the engine can be reached. Never rejects. */
  async join(): Promise<void> {
    await this.#heart.start();
  }

  /** A user is at the process before, whose place this one takes, and met by way of this one. */
  adopt(username: string): void {
    this.#announcer.adopt(username);
  }

  /** Whether the user is online at another relay. */
  has(username: string): boolean {
    return this.#remote.locate(username) !== undefined;
  }

  /** What a visitor here meets a user by who is at another relay. */
  reach(username: string): Session | undefined {
    return this.#remote.reach(username);
  }

  /** Resolves once it is known what the others told by now; soon where that cannot be read. */
  async catchUp(): Promise<void> {
    if (this.fault === undefined) await this.#reader.caughtUp();
  }

  /** Notes what became of a user at this relay. */
  note(username: string, change: PresenceChange): void {
    this.#announcer.note(username, change);
  }

  /** Resolves once the others were told that a user is here, however long that takes; at once while it is known that they cannot be. */
  async announced(username: string): Promise<void> {
    if (this.fault === undefined) await this.#announcer.announced(username);
  }

  /** Tells all other relays; what cannot be told is an error in the log. */
  tell(kind: NoticeKind, username?: string): void {
    const { engine, log } = this.#options;
    engine.notify(kind, username).catch((error) =>
      log.error("cannot tell the other relays", { kind, username, error })
    );
  }

  /** This relay among all, for the operator. Never rejects. */
  figures(): Promise<ClusterView> {
    return lookAtCluster(this.#options, this);
  }

  /** The process that has this relay's id from now on has it rightly. */
  expectSuccessor(): void {
    this.#hasSuccessor = true;
  }

  /** Takes no part any more. Never rejects. */
  async stop(): Promise<void> {
    await this.#announcer.stop();
    await this.#heart.stop();
    await this.#reader.stop();
    this.#remote.clear();
    await this.#options.engine.leave();
  }

  #onHearing(): void {
    this.#hears = true;
    this.#reader.missed();
  }

  #onDeaf(error: unknown): void {
    this.#heart.disturb();
    this.#reader.missing();
    if (!this.#hears) return;
    this.#hears = false;
    this.#options.log.warn("cannot listen for what other relays do, trying again", { error });
  }

  #onBeat(standing: Standing): void {
    const { me: { relay }, log } = this.#options;
    const isNew = !this.#taken;
    this.#taken = standing === "taken";
    if (this.#taken) {
      if (this.#hasSuccessor) {
        this.#announcer.stop();
        this.#heart.stop();
      } else if (isNew) log.error("another process has this relay's id", { relay });
      return;
    }
    if (standing === "lost") {
      log.warn("the other relays took this one for dead: it tells them again who is here");
      this.#announcer.allAgain();
    }
    // Also of what it did not hear.
    this.#reader.changed();
  }

  #onChanges({ presence, notices }: Pick<Changes, "presence" | "notices">): void {
    const { me, onNotice } = this.#options;
    for (const row of presence) this.#apply(row);
    for (const { kind, username, boot } of notices) if (boot !== me.boot) onNotice(kind, username);
  }

  /** Of all that is online only these are: takes the others off, and tells who is here and not among them. */
  #compare(online: ReadonlyMap<string, PresenceRow>): void {
    for (const username of this.#remote.usernames()) {
      if (!online.has(username)) this.#leave(username, "left");
    }
    // Not all: after a moment without the database every relay would write what stands there.
    this.#announcer.allAgain((username, epoch) => {
      const row = online.get(username);
      return row?.boot === this.#options.me.boot && row.epoch === epoch;
    });
  }

  #apply(row: PresenceRow): void {
    const { username, boot, state } = row;
    const { me, schedule = scheduleTimeout } = this.#options;
    const own = this.#announcer.epochOf(username);
    if (state === "online" && boot !== me.boot) {
      this.#remote.set(row);
      this.#options.onElsewhere(username, "online");
      if (own !== undefined && own < row.epoch) {
        schedule(() => this.#settle(username), SETTLE_MS);
      }
      return;
    }
    this.#leave(username, state === "gone" ? "gone" : "left", state !== "online");
    if (state === "online") this.#announcer.correct(username);
    // Not as it is: a session here that nobody knows, as another took its place for a moment.
    if (state !== "online" && (own ?? 0) <= row.epoch) this.#announcer.again(username);
  }

  #leave(username: string, change: "left" | "gone", tell = true): void {
    if (!this.has(username)) return;
    this.#remote.delete(username);
    if (tell) this.#options.onElsewhere(username, change);
  }

  /** Ends a session here if a newer one elsewhere is still there. */
  #settle(username: string): void {
    const { me, onOutdated } = this.#options;
    const own = this.#announcer.epochOf(username);
    const there = this.#remote.locate(username);
    if (own === undefined || there === undefined || own >= there.epoch) return;
    // Whoever has this relay's place tells of who is still here as of its own, in whatever way, and ends them itself.
    if (!this.#hasSuccessor || there.relay !== me.relay) onOutdated(username);
  }
}
