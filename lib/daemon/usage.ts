import { dayOf, Usage } from "../account/usage.ts";
import type { Trace } from "../store/acts.ts";
import type { Limits, LimitStore } from "../store/limits.ts";
import type { Hub } from "../visitor/hub.ts";
import type { Ground } from "./ground.ts";
import { Notice } from "./notice.ts";

/** How often what has passed for those who are joined is counted: how late a limit of bytes acts. */
const COUNT_MS = 5_000;

/** What users' visitors do, and how much of it there may be. */
export interface UserUsage {
  usage: Usage;
  limits: UserLimits;
  /** Told a username: no more bytes may pass today. */
  usedUp: Notice<string>;
}

/** The limits that hold for users: their own, else those of the settings. From memory. */
export interface UserLimits {
  of(username: string): Required<Limits>;
  /** Those that the user has of their own. Rejects as the store. */
  own: LimitStore["of"];
  /** As {@linkcode LimitStore.set}; holds at once. */
  set: LimitStore["set"];
  /** The name is released: what it had ends with its account. */
  forget(username: string): void;
  /** They were changed elsewhere: reads the user's own again. Rejects as the store. */
  refresh(username: string): Promise<void>;
  /** Reads those of all again, or of these users, for visitors to come. Rejects as the store. */
  refreshAll(usernames?: readonly string[]): Promise<void>;
}

/** Builds the counting of users' visitors. */
export async function buildUsage({ store, settings, log, onClose }: Ground): Promise<UserUsage> {
  const own = await store.limits.all();
  /** One after another, so that what is read last holds. */
  let reading: Promise<void> = Promise.resolve();
  function readNext(read: () => Promise<void>): Promise<void> {
    return reading = reading.catch(() => {}).then(read);
  }
  const usedUp = new Notice<string>();
  const limits: UserLimits = {
    of: (username) => ({
      connections: settings.maxVisitorsPerUser,
      bytesPerDay: settings.maxBytesPerUserDay,
      ...own.get(username),
    }),
    own: (username) => store.limits.of(username),
    async set(username: string, changes, trace: Trace) {
      const set = await store.limits.set(username, changes, trace);
      if (set === undefined) return undefined;
      own.set(username, set);
      usage.enforce(username);
      return set;
    },
    forget: (username) => void own.delete(username),
    refresh: (username) =>
      readNext(async () => {
        own.set(username, await store.limits.of(username));
        usage.enforce(username);
      }),
    refreshAll: (usernames) =>
      readNext(async () => {
        const read = await store.limits.all(usernames);
        for (const username of usernames ?? own.keys()) own.delete(username);
        for (const [username, limits] of read) own.set(username, limits);
      }),
  };
  const usage: Usage = new Usage({
    figures: store.figures,
    today: await store.figures.bytesOn(dayOf(Date.now())),
    bytesPerDay: (username) => limits.of(username).bytesPerDay,
    onUsedUp: usedUp.tell,
    log,
  });
  onClose(() => usage.stop());
  return { usage, limits, usedUp };
}

/** Counts what passes for the hub's visitors, and ends those of users whose bytes are used up. */
export function watchUsage(
  { usage, usedUp }: UserUsage,
  hub: Pick<Hub, "tellPassed" | "visitedUsers" | "dropVisitors">,
  { onClose, onReload }: Pick<Ground, "onClose" | "onReload">,
): void {
  usedUp.on((username) => hub.dropVisitors(username));
  onReload(() => hub.visitedUsers().forEach((username) => usage.enforce(username)));
  const timer = setInterval(() => hub.tellPassed(), COUNT_MS);
  onClose(() => clearInterval(timer));
}
