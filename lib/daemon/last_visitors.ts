import type { Log } from "../log.ts";
import { type Sleep, sleep } from "../net/pause.ts";
import type { AccountStore } from "../store/accounts.ts";
import type { Hub } from "../visitor/hub.ts";
import type { UserUsage } from "./usage.ts";

/** How often it is looked whether users may still be visited, milliseconds. */
export const LOOK_MS = 1_000;

/** What {@linkcode watchLastVisitors} looks at and acts on. */
export interface LastVisitors {
  accounts: Pick<AccountStore, "visitable">;
  hub: Pick<Hub, "visitedUsers" | "dropVisitors">;
  users: {
    limits: Pick<UserUsage["limits"], "refreshAll">;
    usage: Pick<UserUsage["usage"], "enforce">;
  };
  log: Log;
  /** Resolves to whether another process has the relay's place; until then commands come to this one. */
  left: Promise<boolean>;
}

/**
 * Ends the visitors of users who are blocked or released, or have less bytes a day by now, for a relay that only has
 * visitors left: another process is told so, and tells its own predecessor of some, but none before that.
 *
 * @param pause waits between two looks.
 * @returns how to end it.
 */
export function watchLastVisitors(
  { accounts, hub, users, log, left }: LastVisitors,
  pause: Sleep = sleep,
): () => void {
  async function look(): Promise<void> {
    const visited = hub.visitedUsers();
    if (visited.length === 0) return;
    const visitable = await accounts.visitable(visited);
    for (const username of visited) if (!visitable.has(username)) hub.dropVisitors(username);
    await users.limits.refreshAll([...visitable]);
    for (const username of visitable) users.usage.enforce(username);
  }
  const ended = new AbortController();
  (async () => {
    if (!await left) return;
    let isTold = false;
    while (true) {
      await pause(LOOK_MS, ended.signal);
      if (ended.signal.aborted) return;
      try {
        await look();
        isTold = false;
      } catch (error) {
        if (!isTold) log.error("cannot look whether users are blocked", { error });
        isTold = true;
      }
    }
  })();
  return () => ended.abort();
}
