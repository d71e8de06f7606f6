import type { Log } from "../log.ts";
import type { ActView, OperatorTrace } from "./acts.ts";
import { createUserViews, limitsView, type StoredLimits, type ViewSources } from "./user_views.ts";
import type { LimitsView, UserDesk } from "./users.ts";

/** An act as the store keeps it. */
interface StoredAct extends Omit<OperatorTrace, "by"> {
  /** Milliseconds since the epoch. */
  at: number;
  act: string;
  by: ActView["by"];
  username?: string;
  detail?: string;
}

/** Options for {@linkcode createUserDesk}. */
export interface UserDeskOptions extends ViewSources {
  accounts: ViewSources["accounts"] & {
    /** Whether it changed anything. */
    setBlocked(username: string, blocked: boolean, trace: OperatorTrace): Promise<boolean>;
  };
  acts: {
    list(username?: string): Promise<StoredAct[]>;
  };
  rests: ViewSources["rests"] & {
    end(username: string, trace: OperatorTrace): Promise<boolean>;
  };
  limits: ViewSources["limits"] & {
    set(
      username: string,
      changes: Partial<LimitsView>,
      trace: OperatorTrace,
    ): Promise<StoredLimits | undefined>;
  };
  certificates: ViewSources["certificates"] & {
    /** Ends the orders that a blocked name has pending. */
    suspend(username: string): Promise<void>;
  };
  /** Gives a name free with all that it leaves behind; false if nobody has it. */
  release(username: string, trace: OperatorTrace, options: { rests: boolean }): Promise<boolean>;
  live?: NonNullable<ViewSources["live"]> & {
    /** Ends the user's session and visitors at once. */
    cutOff(username: string): void;
  };
  log: Log;
}

/** Makes a desk over the relay's stores. */
export function createUserDesk(options: UserDeskOptions): UserDesk {
  const { accounts, certificates, live, log } = options;
  return {
    ...createUserViews(options),
    async block(username, trace) {
      // On disk first: a session that is cut off must not come back.
      await accounts.setBlocked(username, true, trace);
      log.info("name blocked", { username, ...trace });
      live?.cutOff(username);
      await certificates.suspend(username);
    },
    async unblock(username, trace) {
      const changed = await accounts.setBlocked(username, false, trace);
      if (changed) log.info("name unblocked", { username, ...trace });
      return changed;
    },
    async release(username, trace, { now = false } = {}) {
      const released = await options.release(username, trace, { rests: !now });
      if (released) log.info("account released", { username, ...trace });
      return released;
    },
    async endRest(username, trace) {
      const ended = await options.rests.end(username, trace);
      if (ended) log.info("rest of a name ended", { username, ...trace });
      return ended;
    },
    async limit(username, changes, trace) {
      const limits = await options.limits.set(username, changes, trace);
      if (limits === undefined) return undefined;
      log.info("limits of a user changed", { username, ...limits, ...trace });
      return limitsView(limits);
    },
    acts: async (username) => (await options.acts.list(username)).map(toView),
  };
}

function toView({ at, act, by, ...others }: StoredAct): ActView {
  const { username = null, detail = null, uid = null, sudoUid = null, reason = null } = others;
  return { at: new Date(at).toISOString(), act, username, detail, by, uid, sudoUid, reason };
}
