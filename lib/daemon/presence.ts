import type { LastOnline } from "../account/last_online.ts";
import type { AccountStore } from "../store/accounts.ts";
import type { Sessions } from "../session/sessions.ts";
import type { NameStatus } from "../page/app.tsx";

/** What is known of users' coming and going, from all who know a part of it. */
export interface Presence {
  isOnline(username: string): boolean;
  /** When the user was last online, now included; milliseconds since the epoch. */
  lastOnlineAt(username: string): number | undefined;
  /** What the pages tell of a name. */
  status(username: string): NameStatus;
  /** Whether the name has a page of the relay's: not where its user wants none. */
  hasPage(username: string): boolean;
}

/** Makes {@linkcode Presence} of the accounts, the sessions and the times not yet written. */
export function createPresence(
  accounts: AccountStore,
  sessions: Sessions,
  lastOnline: LastOnline,
): Presence {
  function isOnline(username: string): boolean {
    return sessions.get(username) !== undefined;
  }

  function lastOnlineAt(username: string): number | undefined {
    if (isOnline(username)) return Date.now();
    return lastOnline.pending(username) ?? accounts.byUsername(username)?.lastOnlineAt;
  }

  function status(username: string): NameStatus {
    const account = accounts.byUsername(username);
    if (account?.preferences.offlinePage === "none") return { state: "hidden" };
    if (accounts.isBlocked(username)) return { state: "suspended" };
    if (account === undefined) return { state: "unknown" };
    const session = sessions.get(username);
    if (session !== undefined) return { state: "online", unreachable: session.unreachable };
    const at = lastOnline.pending(username) ?? account.lastOnlineAt;
    if (at === undefined) return { state: "setup" };
    const { offlinePage, lastSeen, away } = account.preferences;
    if (offlinePage !== "full") return { state: "offline" };
    return {
      state: "offline",
      ...(lastSeen && { lastOnlineAt: at }),
      ...(away !== null && { away }),
    };
  }

  function hasPage(username: string): boolean {
    return status(username).state !== "hidden";
  }

  return { isOnline, lastOnlineAt, status, hasPage };
}
