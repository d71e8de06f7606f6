import type { DataPathWord } from "../wire/messages.ts";
import type { ActView, OperatorTrace } from "./acts.ts";

/** Where a user's name is, beside where the wildcard is. */
export interface NameInDns {
  /**
   * `wildcard`: it has no address of its own; `same`: it has the wildcard's; `differs`: it has others;
   * `nowhere`: there is none.
   */
  state: "wildcard" | "same" | "differs" | "nowhere";
  addresses: string[];
  /** The wildcard's. */
  wildcard: string[];
}

/** Who alone may order certificates for a user's names, as they asked by CAA. */
export interface CaaView {
  /** `relay`, or the URL of an ACME account of the user's own. */
  account: string;
  /** Whether the zone has the records; null where it was not asked. */
  written: boolean | null;
  /** Why it has not, for a person. */
  why: string | null;
}

/** What visitors did at a user's since the account was made. */
export interface FiguresView {
  visitors: number;
  /** Of them, for how many the client had to be asked for a connection: 0 to 1; null without any. */
  dialledShare: number | null;
  bytesToClient: number;
  bytesToVisitors: number;
  /** Both ways, on this day of UTC. */
  bytesToday: number;
  lastVisitAt: string | null;
}

/** What was seen of a user's profile when it was looked for again. */
export interface ProfileView {
  /** `another`: there is one of that name, which is not the one that proved it. */
  state: "there" | "gone" | "another";
  since: string;
  checkedAt: string;
}

/** Limits that a user has of their own; null: as the settings have it. */
export interface LimitsView {
  connections: number | null;
  /** 0: any number. */
  bytesPerDay: number | null;
}

/** A user, or a name that is blocked or rests, as the operator sees it; times are RFC 3339. */
export interface UserView {
  username: string;
  hostname: string;
  /** Where visitors find the page, without a slash at its end. */
  url: string;
  /**
   * `setup` was never online; `resting` was released, and has no account. A blocked name may have none
   * either, then `createdAt` is null.
   */
  state: "online" | "offline" | "setup" | "blocked" | "resting";
  /** Since when the operator blocks the name. */
  blockedAt: string | null;
  /** Why, in the operator's words. */
  blockedReason: string | null;
  /** Until when it rests after its release. */
  restsUntil: string | null;
  createdAt: string | null;
  verifiedAt: string | null;
  /** Null where it was not looked for since it proved the name. */
  profile: ProfileView | null;
  lastOnlineAt: string | null;
  /** End of the newest certificate. */
  certificateNotAfter: string | null;
  /** Where the name is in the DNS, asked for one user only; null when it is not known. */
  dns: NameInDns | null;
  /** Visitors' connections now; null when the relay does not run. */
  visitors: number | null;
  /**
   * What the client says of its way to the data port: `works`, or why visitors cannot be served; null
   * when it said nothing, or is not online.
   */
  dataPath: DataPathWord | null;
  /** Parked data connections now; null when the relay does not run. */
  parked: number | null;
  /** How many the client wants to keep parked; null when the relay does not run. */
  pool: number | null;
  /** Domains of their own that lead to them. */
  domains: string[];
  /** Null where they asked for nothing. */
  caa: CaaView | null;
  /** Null without an account. */
  figures: FiguresView | null;
  limits: LimitsView | null;
}

/**
 * What the operator can do with users, beside the relay that runs or on its state alone. Rejects as the
 * store.
 */
export interface UserDesk {
  list(): Promise<UserView[]>;
  /**
   * Undefined for a name that has no account, is not blocked and does not rest.
   *
   * @param options `dns`: whether the name is looked for there, which may take 3 s. @default {false}
   */
  show(username: string, options?: { dns?: boolean }): Promise<UserView | undefined>;
  /**
   * Closes the user's session and visitors, and shows the suspended page until unblocked. The reason is
   * told to the user.
   */
  block(username: string, trace: OperatorTrace): Promise<void>;
  /** False when the name was not blocked. */
  unblock(username: string, trace: OperatorTrace): Promise<boolean>;
  /**
   * Ends the account; the name rests. False when there was none.
   *
   * @param options `now`: the name does not rest, so that anybody can claim it. @default {false}
   */
  release(username: string, trace: OperatorTrace, options?: { now?: boolean }): Promise<boolean>;
  /** Ends the rest of a name: anybody can claim it. False where it did not rest. */
  endRest(username: string, trace: OperatorTrace): Promise<boolean>;
  /** Changes a user's own limits, those that are given. Undefined where there is no such account. */
  limit(
    username: string,
    changes: Partial<LimitsView>,
    trace: OperatorTrace,
  ): Promise<LimitsView | undefined>;
  /** What was done, the oldest first; to one name, or to all and the relay. */
  acts(username?: string): Promise<ActView[]>;
}
