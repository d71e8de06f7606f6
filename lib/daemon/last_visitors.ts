import type { Log } from "../log.ts";
import { type Sleep, sleep } from "../net/pause.ts";
import type { AccountStore } from "../store/accounts.ts";
import type { Hub } from "../visitor/hub.ts";

/** How often it is looked whether users may still be visited, milliseconds. */
export const LOOK_MS = 1_000;

/** What {@linkcode watchLastVisitors} looks at and acts on. */
export interface LastVisitors {
  accounts: Pick<AccountStore, "byUsername" | "listBlocked">;
  hub: Pick<Hub, "visitedUsers" | "dropVisitors">;
  log: Log;
}

/**
 * Ends the visitors of users who are blocked or released, for a relay that only has visitors left: another
 * process does so, and tells its own predecessor, but none before that.
 *
 * @param pause waits between two looks.
 * @returns how to end it.
 */
export function watchLastVisitors(
  { accounts, hub, log }: LastVisitors,
  pause: Sleep = sleep,
): () => void {
  async function look(): Promise<void> {
    const visited = hub.visitedUsers();
    if (visited.length === 0) return;
    const blocked = new Set((await accounts.listBlocked()).map(({ username }) => username));
    for (const username of visited) {
      if (blocked.has(username) || await accounts.byUsername(username) === undefined) {
        hub.dropVisitors(username);
      }
    }
  }
  const ended = new AbortController();
  (async () => {
    while (true) {
      await pause(LOOK_MS, ended.signal);
      if (ended.signal.aborted) return;
      await look().catch((error) => log.error("cannot look whether users are blocked", { error }));
    }
  })();
  return () => ended.abort();
}
