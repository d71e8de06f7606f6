import type { LastOnline } from "../account/last_online.ts";
import type { NameKeeper } from "../dns/name_keeper.ts";
import type { Issuance } from "../issuance/issuance.ts";
import type { Trace } from "../store/acts.ts";
import type { Ground } from "./ground.ts";
import type { UserUsage } from "./usage.ts";

const DAY_MS = 86_400_000;

/** Who knows something of a name that is released. */
interface ReleaseParts {
  issuance: Issuance;
  names: NameKeeper | undefined;
  lastOnline: LastOnline;
  users: UserUsage;
}

/** How names are given free. */
export interface Release {
  /**
   * Gives a name free, with all that it leaves behind; false if nobody has it, or the token is not its
   * owner's. Rejects as the store.
   */
  release(
    username: string,
    trace: Trace,
    options?: { token?: string; rests?: boolean },
  ): Promise<boolean>;
  /** What is known of a name in memory ends with it. */
  forget(username: string): void;
}

/** Makes {@linkcode Release} of the parts that know of names. */
export function createRelease(
  { settings, store, cutOff, hostnameOf }: Ground,
  { issuance, names, lastOnline, users }: ReleaseParts,
): Release {
  function forget(username: string): void {
    issuance.forget(username);
    lastOnline.forget(username);
    users.usage.forget(username);
    users.limits.forget(username);
  }
  return {
    forget,
    async release(username, trace, { token, rests = true } = {}) {
      const restMs = rests ? settings.nameRestDays * DAY_MS : 0;
      const released = await store.accounts.release(username, trace, { token, restMs });
      if (!released) return false;
      names?.settle(hostnameOf(username));
      cutOff.tell(username);
      forget(username);
      return true;
    },
  };
}
