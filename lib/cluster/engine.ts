/**
 * Relays that serve one BASE together: who is online where, and how a visitor at one relay meets a
 * client at another. Imports the ground floor and `session`.
 *
 * @module
 */

/** After this without a beat a relay counts as dead, milliseconds of the clock of another one that sees it. */
export const DEAD_MS = 10_000;

/** What a relay does, as it tells the others. */
export interface RelayFigures {
  /** Users whose clients are at this relay. */
  users: number;
  /** Visitors joined at this relay. */
  visitors: number;
}

/** A relay as the others see it. */
export interface RelayView extends RelayFigures {
  id: string;
  /** Of the process: a UUID, another one after each start. */
  boot: string;
  version: string;
  alive: boolean;
  /** How long ago it was heard, milliseconds of the engine's clock; 0 where that was set back since. */
  heardMs: number;
}

/**
 * Where a user was when something last changed about it. `left`: not online, and may come back within
 * moments; `gone`: not awaited.
 */
export interface PresenceRow {
  username: string;
  relay: string;
  boot: string;
  /** Of two of a user the session with the greater one is the newer. */
  epoch: number;
  state: "online" | "left" | "gone";
}

/** What one relay did that all have to act on; of the user, or of the whole. */
export type NoticeKind =
  /** The user's token holds no more, or the name is blocked. */
  | "cut-off"
  /** The name is free, and nobody's any more. */
  | "released"
  /** The user has other limits. */
  | "limits"
  /** Settings are to be read again. */
  | "reload";

/** A notice of a relay, maybe of this one. */
export interface Notice {
  /** When it was told, microseconds of the engine's clock; no other one has this. */
  toldAt: number;
  kind: NoticeKind;
  /** Absent where it is about all. */
  username?: string;
  /** The `boot` of the relay that told it. */
  boot: string;
}

/** Most users that are told of at once: whoever acts on them holds up nobody else for long. */
export const PAGE = 2_000;

/** What has changed by a number, each name's last change only. */
export interface Changes {
  /** To ask on from. */
  number: number;
  presence: PresenceRow[];
  notices: Notice[];
  /** Whether more has changed: it is to be asked for. */
  more: boolean;
}

/** The last change by now, and notices of late. */
export type LastChange = Pick<Changes, "number" | "notices">;

/** A session at this relay that is to be known to all. */
export interface Arrival {
  username: string;
  /** How long it has been open, milliseconds. */
  ageMs: number;
  /** What it was given when it was announced before; absent for one that is new to the others. */
  epoch?: number;
}

/** A user has no session at this relay any more. */
export interface Departure {
  username: string;
  state: "left" | "gone";
}

/** A text for a relay's process alone, which is lost where that does not listen. */
export interface Letter {
  /** The `boot` of that process. */
  to: string;
  /** 7,000 bytes at most. */
  text: string;
}

/** Told by an engine; none may throw. */
export interface EngineListener {
  /** It hears of everything from now on, at first or again; what was before may have been missed. */
  onHearing(): void;
  /** It hears of nothing, and tries to; told of each try that fails. */
  onDeaf(error: unknown): void;
  /** Something changed. */
  onChange(): void;
  /** Another relay sent this one a text. */
  onMessage(text: string): void;
}

/** That a process of a relay was alive. */
export interface Beat {
  boot: string;
  /** Another one with each beat; when that was it tells to nobody. */
  beat: number;
}

/** How a beat found this relay's own row. */
export type Standing =
  /** As it was left. */
  | "alive"
  /** It was taken for dead meanwhile: its sessions have to be announced again. */
  | "lost"
  /** Another process has this relay's id. */
  | "taken";

/**
 * What relays share. Each method does all of it or nothing, and rejects when the engine cannot be
 * reached within some seconds.
 */
export interface ClusterEngine {
  /** Tells a listener what the others do, from when it hears: not later than it resolves. */
  listen(listener: EngineListener): Promise<void>;
  /**
   * Takes part from now on, in the place of whatever had this id. Of the users of that those named here count as this
   * process's from now on, the others as `left`.
   *
   * @returns the epochs of those who are its own now, the ones that they had.
   */
  join(kept?: readonly string[]): Promise<Map<string, number>>;
  /**
   * Tells that this relay is alive; takes part anew where whatever had its id counts as dead.
   *
   * @returns also the last beats of all other processes that count as alive, one that has this relay's id too.
   */
  beat(figures: RelayFigures): Promise<{ standing: Standing; others: Beat[] }>;
  /** Has processes count as dead that have not beaten since, and their users as `left`. */
  judge(dead: readonly Beat[]): Promise<void>;
  /** All relays, those that died within the last days too. */
  relays(): Promise<RelayView[]>;
  /**
   * Makes sessions known that began or ended. One without an epoch that is a moment old is the newest
   * of its user; else the epochs decide, or how long each has been open. Departures are taken first, and
   * change nothing for who is at another relay by then. Where it rejects it may have been done all the
   * same.
   *
   * Rejects also where this relay was taken for dead, or another process has its id: the next beat tells.
   *
   * @returns the epochs of arrivals that hold; one that is missing there has a newer one elsewhere.
   */
  announce(arrivals: Arrival[], departures: Departure[]): Promise<Map<string, number>>;
  /**
   * What changed after a number that was returned before; {@linkcode PAGE} users at most.
   *
   * A `number` below the one asked with tells that the engine has lost changes.
   */
  changesSince(number: number): Promise<Changes>;
  /** The number of the last change, and the notices of so many milliseconds, by the engine's clock. */
  lastChange(toldWithinMs: number): Promise<LastChange>;
  /**
   * Users who are online, {@linkcode PAGE} at most, in the order of their names, from behind one on; fewer where
   * nobody else is. Each is as they are when they are read, so it takes what changed since before the first
   * reading to know all as they are at one moment.
   */
  onlineBehind(username: string): Promise<PresenceRow[]>;
  /** Sends texts to relays' processes. Each may arrive twice, where the answer was lost. */
  send(letters: readonly Letter[]): Promise<void>;
  /** Tells all relays, also those that cannot be reached just now. */
  notify(kind: NoticeKind, username?: string): Promise<void>;
  /** Takes no part any more and tells nothing; its users count as `left`. Never rejects. */
  leave(): Promise<void>;
}
