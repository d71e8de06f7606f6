import type { LastOnline } from "../account/last_online.ts";
import type { Log } from "../log.ts";
import type { NameStatus } from "../page/answers.tsx";
import type { Sessions } from "../session/sessions.ts";
import type { AccountStore, HiddenNames } from "../store/accounts.ts";
import { StoreError } from "../store/error.ts";

/** What is known of users' coming and going, from all who know a part of it. */
export interface Presence {
  isOnline(username: string): boolean;
  /** When the user was last online, now included; milliseconds since the epoch. Rejects as the store. */
  lastOnlineAt(username: string): Promise<number | undefined>;
  /** What the pages tell of a name; while the store is away, what is known in memory. */
  status(username: string): Promise<NameStatus>;
  /** Whether the name has a page of the relay's: not where its user wants none. From memory. */
  hasPage(username: string): boolean;
}

/** Options for {@linkcode createPresence}. */
export interface PresenceOptions {
  accounts: Pick<AccountStore, "byUsername" | "isBlocked">;
  hidden: HiddenNames;
  sessions: Pick<Sessions, "get">;
  /** Whether the user is online at another relay. @default nobody is */
  isElsewhere?: (username: string) => boolean;
  lastOnline: Pick<LastOnline, "pending">;
  log: Log;
}

/** Makes {@linkcode Presence} of the accounts, the sessions and the times not yet written. */
export function createPresence(options: PresenceOptions): Presence {
  const { accounts, hidden, sessions, isElsewhere = () => false, lastOnline, log } = options;

  function isOnline(username: string): boolean {
    return sessions.get(username) !== undefined || isElsewhere(username);
  }

  async function lastOnlineAt(username: string): Promise<number | undefined> {
    if (isOnline(username)) return Date.now();
    return lastOnline.pending(username) ?? (await accounts.byUsername(username))?.lastOnlineAt;
  }

  function onlineStatus(username: string): NameStatus | undefined {
    const session = sessions.get(username);
    if (session !== undefined) return { state: "online", unreachable: session.unreachable };
    return isElsewhere(username) ? { state: "online", unreachable: false } : undefined;
  }

  async function status(username: string): Promise<NameStatus> {
    try {
      return await storedStatus(username);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      log.error("cannot look up how a user stands", { username, error });
      if (hidden.has(username)) return { state: "hidden" };
      if (await accounts.isBlocked(username).catch(() => false)) return { state: "suspended" };
      return onlineStatus(username) ?? { state: "unclear" };
    }
  }

  async function storedStatus(username: string): Promise<NameStatus> {
    // Before the store is asked: what is written meanwhile may be in neither afterwards.
    const pending = lastOnline.pending(username);
    const account = await accounts.byUsername(username);
    if (account?.preferences.offlinePage === "none") return { state: "hidden" };
    const blocked = account === undefined
      ? await accounts.isBlocked(username)
      : account.blockedAt !== undefined;
    if (blocked) return { state: "suspended" };
    if (account === undefined) return { state: "unknown" };
    // As it is once the store has answered: the user may have come online since.
    const online = onlineStatus(username);
    if (online !== undefined) return online;
    const at = pending ?? account.lastOnlineAt;
    if (at === undefined) return { state: "setup" };
    const { offlinePage, lastSeen, away } = account.preferences;
    if (offlinePage !== "full") return { state: "offline" };
    return {
      state: "offline",
      ...(lastSeen && { lastOnlineAt: at }),
      ...(away !== null && { away }),
    };
  }

  return {
    isOnline,
    lastOnlineAt,
    status,
    hasPage: (username) => !hidden.has(username),
  };
}
