import type { PredecessorLine, PredecessorWord, SuccessorWord } from "../../lib/admin/hand_over.ts";
import { Cluster, type ClusterOptions } from "../../lib/cluster/cluster.ts";
import { LeftBehind } from "../../lib/daemon/left_behind.ts";
import { Notice } from "../../lib/daemon/notice.ts";
import { Successor } from "../../lib/daemon/successor.ts";
import { BEAT_MS } from "../../lib/cluster/heart.ts";
import type { JsonLine } from "../../lib/net/json_line.ts";
import { type PassedOn, Session } from "../../lib/session/session.ts";
import { type PresenceChange, Sessions } from "../../lib/session/sessions.ts";
import { type Redeem, Tickets } from "../../lib/session/tickets.ts";
import type { RelayMessage } from "../../lib/wire/messages.ts";
import type { Duplex } from "../../lib/net/splice.ts";
import { meet, type Met } from "../../lib/visitor/meet.ts";
import { recordedLog } from "../certificate/helpers.ts";
import { ManualClock } from "../manual_clock.ts";
import { MemoryDatabase, MemoryEngine } from "./memory_engine.ts";

export const VISITOR = { address: "192.0.2.1", port: 1234 };

/** A relay of one process, without its listeners. */
export interface TestRelay {
  sessions: Sessions;
  tickets: Tickets<Redeem>;
  cluster: Cluster;
  engine: MemoryEngine;
  /** Names whose sessions here were ended since a newer one is elsewhere. */
  outdated: string[];
  notices: string[];
  strays: { conn: Duplex; ticket: string }[];
  /** Who is at the process whose place it took. */
  behind: LeftBehind;
  /** Told what becomes of users here. */
  changes: Notice<[username: string, change: PresenceChange]>;
  /** What ends its lines to the process before it, and the one after it. */
  lines: (() => void)[];
  /** Ends them. */
  endLines(): void;
  /** The process that takes this one's place, once there is one. */
  successor?: Successor;
  /** Ends the user's session here, since a newer one is elsewhere. */
  replace(username: string): void;
  /** Brings a client of the user online here; `told` is what it is sent. */
  online(username: string): { session: Session; told: RelayMessage[] };
}

/** A relay's options. */
export interface TestRelayOptions extends Pick<ClusterOptions, "reachable"> {
  /** The process whose place it takes: it keeps its clients. */
  predecessor?: TestRelay;
}

/** Two ends of a line between processes, in memory: what is said is heard in the next step. */
function lineInMemory() {
  const closed = Promise.withResolvers<void>();
  let isClosed = false;
  function close(): void {
    isClosed = true;
    closed.resolve();
  }
  const ears = [0, 1].map(() => Promise.withResolvers<(what: unknown) => void>());
  const end = (ear: number, mouth: number) => ({
    closed: closed.promise,
    hear: (onHeard: (what: unknown) => void) => ears[ear]!.resolve(onHeard),
    say(what: unknown) {
      const said = JSON.stringify(what);
      ears[mouth]!.promise.then((hear) => isClosed || hear(JSON.parse(said)));
    },
    close,
  });
  return [end(0, 1), end(1, 0)] as unknown as [
    JsonLine<PredecessorWord, SuccessorWord<PassedOn>>,
    PredecessorLine,
  ];
}

/** Has a process be told by the one before who is there. @returns what ends that. */
async function follow(predecessor: TestRelay, behind: LeftBehind): Promise<() => void> {
  const { sessions, cluster, changes, replace, lines } = predecessor;
  const [line, far] = lineInMemory();
  const successor = new Successor({
    ...{ sessions, line, hub: { dropVisitors() {} }, door: () => "", reload() {} },
    control: { replace, recheck: () => Promise.resolve() },
  });
  predecessor.successor = successor;
  changes.on((change) => successor.note(...change));
  await behind.watch({ lines: () => Promise.resolve([far]) });
  cluster.expectSuccessor();
  // Who was behind that one is told by it no more, as by then all have come to it.
  predecessor.behind.stop();
  lines.push(() => far.close());
  return () => far.close();
}

/** Relays over one engine in memory. */
export function relaysOf() {
  const clock = new ManualClock();
  const db = new MemoryDatabase(clock);

  async function start(
    relay: string,
    boot = `${relay}-boot`,
    { reachable, predecessor }: TestRelayOptions = {},
  ): Promise<TestRelay> {
    const log = recordedLog();
    const engine = new MemoryEngine(db, { relay, boot });
    const tickets = new Tickets<Redeem>(clock.schedule);
    const [outdated, notices, strays] = [[] as string[], [] as string[], [] as TestRelay["strays"]];
    const sessions: Sessions = new Sessions({
      ...{ now: clock.now, schedule: clock.schedule },
      onChange(username, change) {
        if (change === "online") behind.arrived(username);
        changes.tell([username, change]);
        cluster.note(username, change);
      },
      elsewhere: (username) => behind.reach(username) ?? cluster.reach(username),
    });
    const changes: TestRelay["changes"] = new Notice();
    const behind = new LeftBehind({
      ...{ sessions, tickets, schedule: clock.schedule },
      data: { dataHost: `${relay}.example`, dataPort: 9000 },
      onThere: (username) => cluster.adopt(username),
      onLeft: (username, change) => cluster.note(username, change),
    });
    function replace(username: string): void {
      const session = sessions.get(username);
      if (session === undefined) return;
      outdated.push(username);
      sessions.remove(session, true);
      session.end();
    }
    const cluster = new Cluster({
      ...(reachable && { reachable }),
      ...{ engine, tickets, log, now: clock.now, schedule: clock.schedule },
      me: { relay, boot },
      data: { dataHost: `${relay}.example`, dataPort: 9000 },
      local: (username) => sessions.get(username) ?? behind.reach(username),
      onElsewhere(username, change) {
        sessions.changedElsewhere(username, change);
        if (change === "online") behind.elsewhere(username);
      },
      onOutdated(username) {
        replace(username);
        behind.arrived(username);
      },
      onNotice: (kind, username) => notices.push(`${kind} ${username ?? "all"}`),
      onStray({ conn, ticket }) {
        strays.push({ conn, ticket });
        return Promise.resolve();
      },
      figures: () => ({ users: sessions.size, visitors: 0 }),
    });
    await cluster.watch();
    const lines: (() => void)[] = [];
    if (predecessor !== undefined) lines.push(await follow(predecessor, behind));
    behind.begin();
    await cluster.join();
    return {
      ...{ sessions, tickets, cluster, engine, outdated, notices, strays },
      ...{ behind, changes, replace, lines },
      endLines: () => lines.forEach((end) => end()),
      online(username) {
        const told: RelayMessage[] = [];
        const session = new Session({
          ...{ username, tickets, schedule: clock.schedule },
          send: (message) => told.push(message),
        });
        sessions.add(session);
        return { session, told };
      },
    };
  }

  /** Moves the clock in steps, and lets what was begun end after each. */
  async function pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += BEAT_MS / 4) {
      clock.advance(Math.min(BEAT_MS / 4, ms - passed));
      await settled();
    }
  }

  return { clock, db, start, pass };
}

/** A visitor at a relay, on their way to a user. */
export function visit(
  { sessions }: TestRelay,
  username: string,
  signal: AbortSignal = new AbortController().signal,
): Promise<Met> {
  return meet({
    source: VISITOR,
    opening: new Uint8Array(),
    find: (signal) => sessions.find(username, signal),
    signal,
  });
}

/** Lets everything that waits for nothing but promises go on. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}
