import type { Log } from "../log.ts";
import type { AccountStore } from "../store/accounts.ts";
import type { Hub } from "../visitor/hub.ts";

/** How often it is looked whether a user may still be visited, milliseconds. */
const LOOK_MS = 5_000;

/** What {@linkcode watchLastVisitors} looks at and acts on. */
export interface LastVisitors {
  accounts: Pick<AccountStore, "byUsername" | "isBlocked">;
  hub: Pick<Hub, "visitedUsers" | "dropVisitors">;
  log: Log;
}

/**
 * Ends the visitors of users who are blocked or released, for a relay that only has visitors left: another
 * process does so, and tells nobody but the store.
 *
 * @returns how to end it.
 */
export function watchLastVisitors({ accounts, hub, log }: LastVisitors): () => void {
  async function look(): Promise<void> {
    for (const username of hub.visitedUsers()) {
      const account = await accounts.byUsername(username);
      if (account === undefined || await accounts.isBlocked(username)) hub.dropVisitors(username);
    }
  }
  const timer = setInterval(() => {
    look().catch((error) => log.error("cannot look whether users are blocked", { error }));
  }, LOOK_MS);
  return () => clearInterval(timer);
}
