import { Cluster, type ClusterOptions } from "../../lib/cluster/cluster.ts";
import { BEAT_MS } from "../../lib/cluster/heart.ts";
import { Session } from "../../lib/session/session.ts";
import { Sessions } from "../../lib/session/sessions.ts";
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
  /** Brings a client of the user online here; `told` is what it is sent. */
  online(username: string): { session: Session; told: RelayMessage[] };
}

/** Relays over one engine in memory. */
export function relaysOf() {
  const clock = new ManualClock();
  const db = new MemoryDatabase(clock);

  async function start(
    relay: string,
    boot = `${relay}-boot`,
    options: Pick<ClusterOptions, "reachable"> = {},
  ): Promise<TestRelay> {
    const log = recordedLog();
    const engine = new MemoryEngine(db, { relay, boot });
    const tickets = new Tickets<Redeem>(clock.schedule);
    const [outdated, notices, strays] = [[] as string[], [] as string[], [] as TestRelay["strays"]];
    const sessions: Sessions = new Sessions({
      ...{ now: clock.now, schedule: clock.schedule },
      onChange: (username, change) => cluster.note(username, change),
      elsewhere: (username) => cluster.reach(username),
    });
    const cluster = new Cluster({
      ...options,
      ...{ engine, tickets, log, now: clock.now, schedule: clock.schedule },
      me: { relay, boot },
      data: { dataHost: `${relay}.example`, dataPort: 9000 },
      local: (username) => sessions.get(username),
      onElsewhere(username, change) {
        if (change === "online") sessions.arrivedElsewhere(username);
        else if (change === "left") sessions.await(username);
        else sessions.comingBack.forget(username);
      },
      onOutdated(username) {
        outdated.push(username);
        sessions.remove(sessions.get(username)!, true);
      },
      onNotice: (kind, username) => notices.push(`${kind} ${username ?? "all"}`),
      onStray({ conn, ticket }) {
        strays.push({ conn, ticket });
        return Promise.resolve();
      },
      figures: () => ({ users: sessions.size, visitors: 0 }),
    });
    await cluster.watch();
    await cluster.join();
    return {
      ...{ sessions, tickets, cluster, engine, outdated, notices, strays },
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
