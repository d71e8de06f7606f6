import type { Cluster } from "../cluster/cluster.ts";
import { LastOnline } from "../account/last_online.ts";
import { IdleWatch } from "../net/idle_watch.ts";
import { Places } from "../net/places.ts";
import { ControlSockets } from "../session/control_sockets.ts";
import { RECENT_MS } from "../session/coming_back.ts";
import { type PresenceChange, Sessions } from "../session/sessions.ts";
import { type Redeem, Tickets } from "../session/tickets.ts";
import { urlOf } from "../wire/names.ts";
import type { Ground } from "./ground.ts";
import { LeftBehind } from "./left_behind.ts";
import { Notice } from "./notice.ts";
import { createPresence, type Presence } from "./presence.ts";
import type { Successor } from "./successor.ts";

/**
 * How long nothing may pass where one side has ended: who asks and ends their side waits for an answer,
 * and not for days, as an open WebSocket does.
 */
const HALF_CLOSED_MS = 5 * 60_000;

/** Clients who are online, and who was. */
export interface Clients {
  sessions: Sessions;
  tickets: Tickets<Redeem>;
  /** Data connections that are parked. */
  parking: Places;
  control: ControlSockets;
  lastOnline: LastOnline;
  presence: Presence;
  /** Over visitors who are joined with them. */
  idle: IdleWatch;
  /** Told what becomes of users who are here. */
  changes: Notice<[username: string, change: PresenceChange]>;
  /** Those who are still at the relay whose place this one takes. */
  behind: LeftBehind;
  /**
   * The other relays of BASE, once they are known; without `cluster` there are none. `successor` is set while clients
   * bring data connections to the process that takes this one's place, `isHandedOver` once that has it.
   */
  beyond: {
    cluster?: Cluster | undefined;
    successor?: Pick<Successor, "reach"> | undefined;
    isHandedOver?: boolean;
  };
}

/**
 * Builds sessions and what is known by them. Users who were online at the last stop are awaited from
 * when it resolves: before anything is served.
 */
export async function buildClients(
  { settings, ceilings, publicPort, data, hostnameOf, store, cutOff, lost, log, onClose, onReload }:
    Ground,
): Promise<Clients> {
  const { accounts, onlineTimes } = store;
  const beyond: Clients["beyond"] = {};
  const changes: Clients["changes"] = new Notice();
  function note(username: string, change: PresenceChange): void {
    beyond.cluster?.note(username, change);
    // At another relay by now: how they stand is that one's to write.
    if (change !== "online" && beyond.cluster?.has(username)) return;
    lastOnline.note(username, change);
  }
  // Each tells the other: who is online when it writes, and who comes and goes.
  const sessions: Sessions = new Sessions({
    onChange(username, change) {
      if (change === "online") behind.arrived(username);
      changes.tell([username, change]);
      note(username, change);
    },
    elsewhere: (username) => behind.reach(username) ?? beyond.cluster?.reach(username),
    catchUp: async () => await beyond.cluster?.catchUp(),
  });
  const lastOnline = new LastOnline({
    write: (seen) => onlineTimes.markSeen(seen),
    online: () => sessions.usernames(),
    log,
  });
  onClose(() => lastOnline.stop());
  for (const { username, awayMs } of await onlineTimes.listAwaited(RECENT_MS)) {
    sessions.await(username, awayMs);
  }
  const overdue = setTimeout(() => sessions.comingBack.forgetOld(), RECENT_MS);
  onClose(() => clearTimeout(overdue));
  const tickets = new Tickets<Redeem>();
  const parking = new Places({ total: ceilings.parked });
  const idle = new IdleWatch(settings.idleHours * 3_600_000, HALF_CLOSED_MS);
  onClose(() => idle.stop());
  const behind = new LeftBehind({
    ...{ sessions, tickets, parking, data, idle },
    onThere: (username) => beyond.cluster?.adopt(username),
    onLeft: note,
  });
  onReload(() => behind.reload());
  onClose(() => behind.stop());
  const control = new ControlSockets({
    sessions,
    tickets,
    online: (username) => ({
      hostname: hostnameOf(username),
      url: urlOf(hostnameOf(username), publicPort),
      ...data,
    }),
    announced: (username) => beyond.cluster?.announced(username),
    onLost: lost.tell,
    parking,
    log,
  });
  cutOff.on((username) => {
    control.revoke(username);
    behind.forget(username);
  });
  const presence = createPresence({
    accounts,
    hidden: await accounts.hiddenNames(),
    sessions,
    isElsewhere: (username) => behind.has(username) || (beyond.cluster?.has(username) ?? false),
    lastOnline,
    log,
  });
  return {
    ...{ sessions, tickets, parking, control, lastOnline, presence },
    ...{ idle, changes, behind, beyond },
  };
}
