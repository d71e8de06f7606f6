import assert from "node:assert/strict";
import fc from "fast-check";
import { DEAD_MS } from "../../lib/cluster/engine.ts";
import { relaysOf, type TestRelay } from "./relays.ts";

const IDS = ["a", "b", "c"] as const;
const USERS = ["kaylee", "river"] as const;

/**
 * How a history that fails is told, and repeated: with the `seed` and the `path` that are told given besides.
 */
const TOLD = { endOnFailure: true };

/** What may happen to a user's session at a relay, or to a relay whose place another process takes. */
const COMMON = [
  { weight: 6, arbitrary: fc.constant("comes") },
  { weight: 2, arbitrary: fc.constantFrom("leaves", "releases") },
  { weight: 3, arbitrary: fc.constantFrom("handed over", "sent over") },
  { weight: 1, arbitrary: fc.constant("stalls") },
] as const;

/** What may happen besides to a relay's way to the engine, to its processes, or to the engine. */
const FAULTS = [
  { weight: 4, arbitrary: fc.constantFrom("away", "there", "loses answers", "answers") },
  { weight: 2, arbitrary: fc.constantFrom("killed", "former killed", "rival") },
  { weight: 1, arbitrary: fc.constantFrom("saved", "set back") },
] as const;

type What = (typeof COMMON | typeof FAULTS)[number]["arbitrary"] extends infer A
  ? A extends fc.Arbitrary<infer T> ? T : never
  : never;

interface Event {
  at: number;
  user: typeof USERS[number];
  what: What;
  passMs: number;
}

function eventsOf(what: fc.Arbitrary<What>, passMs: number[]): fc.Arbitrary<Event[]> {
  const event = fc.record({
    at: fc.nat(IDS.length - 1),
    user: fc.constantFrom(...USERS),
    what,
    passMs: fc.constantFrom(...passMs),
  });
  return fc.array(event, { minLength: 20, maxLength: 30 });
}

/** Three relays, the processes whose places were taken, and what the database had when it was last copied. */
async function world() {
  const { start, pass, db } = relaysOf();
  const relays: TestRelay[] = [];
  for (const id of IDS) relays.push(await start(id));
  const former: TestRelay[][] = IDS.map(() => []);
  /** Each user's last session. */
  const last = new Map<string, TestRelay>();
  let boots = 0;
  let saved = structuredClone({ presence: db.presence, relays: db.relays, number: db.number });

  /** As by SIGKILL: nobody is told but who has a line to it. */
  async function kill({ cluster, engine, sessions, endLines }: TestRelay): Promise<void> {
    engine.away = true;
    engine.leave = () => Promise.resolve();
    endLines();
    await cluster.stop();
    for (const username of [...sessions.usernames()]) end(sessions, username, true);
    db.engines.delete(engine);
  }

  /** As when all clients have been sent to the process that has its place, and no visitor is left. */
  async function leave({ cluster, sessions, endLines }: TestRelay): Promise<void> {
    for (const user of [...sessions.usernames()]) end(sessions, user, true);
    await pass(0);
    endLines();
    await cluster.stop();
  }

  /** The relay's process where the user is. */
  function where(user: string, at: number): TestRelay {
    const all = [relays[at]!, ...former[at]!];
    return all.find(({ sessions }) => sessions.get(user) !== undefined) ?? relays[at]!;
  }

  function come(user: string, relay: TestRelay): void {
    last.set(user, relay);
    relay.online(user);
  }

  const acts: Record<What, (event: Event) => Promise<void> | void> = {
    comes: ({ user, at }) => come(user, relays[at]!),
    leaves: ({ user, at }) => end(where(user, at).sessions, user, true),
    releases: ({ user, at }) => end(where(user, at).sessions, user, false),
    async "handed over"({ at }) {
      // Nobody takes its place before the one before has sent all over.
      for (const relay of former[at]!.splice(0)) await leave(relay);
      const predecessor = relays[at]!;
      former[at]!.push(predecessor);
      relays[at] = await start(IDS[at]!, `boot ${++boots}`, { predecessor });
    },
    "sent over"({ user, at }) {
      const from = former.flat().find(({ sessions }) => sessions.get(user) !== undefined);
      if (from === undefined) return;
      end(from.sessions, user, true);
      come(user, relays[at]!);
    },
    async stalls({ at }) {
      const { engine } = relays[at]!;
      engine.away = true;
      await pass(DEAD_MS + 5_000);
      engine.away = false;
      await pass(5_000);
    },
    away: ({ at }) => void (relays[at]!.engine.away = true),
    there: ({ at }) => void (relays[at]!.engine.away = false),
    "loses answers": ({ at }) => void (relays[at]!.engine.losesAnswers = true),
    answers: ({ at }) => void (relays[at]!.engine.losesAnswers = false),
    async killed({ at }) {
      await kill(relays[at]!);
      relays[at] = await start(IDS[at]!, `boot ${++boots}`);
    },
    async "former killed"({ at }) {
      const killed = former[at]!.pop();
      if (killed !== undefined) await kill(killed);
    },
    async rival({ at, passMs }) {
      const rival = await start(IDS[at]!, `rival ${++boots}`);
      await pass(1_000);
      if (passMs === 0) await rival.cluster.stop();
      else await kill(rival);
    },
    saved: () => void (saved = structuredClone({ ...db, clock: null, engines: null })),
    "set back"() {
      for (const what of ["presence", "relays"] as const) {
        const table: Map<string, unknown> = db[what];
        table.clear();
        for (const [key, row] of structuredClone(saved[what])) table.set(key, row);
      }
      db.number = saved.number;
      for (const { engine } of relays) engine.away = !(engine.away = true);
    },
  };

  /** All processes at which the user has a session. */
  function holders(user: string): TestRelay[] {
    return [...relays, ...former.flat()].filter(({ sessions }) => sessions.get(user) !== undefined);
  }

  return {
    ...{ relays, former, last, pass, holders },
    act: (event: Event) => acts[event.what](event),
    /** Has the processes whose places were taken send away who is left, and end. */
    async endFormer(): Promise<void> {
      for (const relay of former.flat()) await leave(relay);
    },
    async close(): Promise<void> {
      for (const { cluster, behind } of [...relays, ...former.flat()]) {
        behind.stop();
        await cluster.stop();
      }
    },
  };
}

function end(sessions: TestRelay["sessions"], user: string, comesBack: boolean): void {
  const session = sessions.get(user);
  if (session === undefined) return;
  sessions.remove(session, comesBack);
  session.end();
}

Deno.test("relays agree in the end on one session of a user at most, whatever happened to them and their database", async () => {
  const events = eventsOf(fc.oneof(...COMMON, ...FAULTS), [0, 0, 0, 600, 3_000, 12_000]);
  await fc.assert(
    fc.asyncProperty(events, async (events) => {
      const { relays, pass, act, endFormer, close } = await world();
      for (const event of events) {
        await act(event);
        await pass(event.passMs);
      }
      for (const { engine } of relays) {
        engine.losesAnswers = false;
        engine.away = false;
      }
      await endFormer();
      await pass(40_000);
      for (const user of USERS) {
        const here = relays.map(({ sessions }) => sessions.get(user) !== undefined);
        const count = here.filter((is) => is).length;
        assert.ok(count <= 1, `${user} at ${here}`);
        assert.deepEqual(
          relays.map(({ cluster }) => cluster.has(user)),
          here.map((is) => count === 1 && !is),
          `${user} at ${here}`,
        );
      }
      await close();
    }),
    { ...TOLD, numRuns: 12 },
  );
});

Deno.test("users are met at every relay wherever they are, also at hand-overs, and only older sessions end", async () => {
  // Of two at the same moment no relay could tell which is the newer.
  const events = eventsOf(fc.oneof(...COMMON), [1, 1, 1_500]);
  await fc.assert(
    fc.asyncProperty(events, async (events) => {
      const { relays, former, last, pass, act, holders, endFormer, close } = await world();
      for (const event of events) {
        await act(event);
        await pass(event.passMs);
        for (const relay of [...relays, ...former.flat()]) {
          for (const user of relay.outdated.splice(0)) {
            assert.notEqual(last.get(user), relay, `${user}'s newest session ended`);
          }
        }
        if (event.passMs === 1) continue;
        for (const user of USERS) {
          const at = holders(user);
          assert.ok(at.length <= 1, `${user} at ${at.length}`);
          for (const relay of relays) {
            const isMet = relay.sessions.reach(user) !== undefined;
            assert.equal(isMet, at.length === 1, `${user}, at ${IDS[relays.indexOf(relay)]}`);
          }
        }
      }
      await endFormer();
      await close();
    }),
    { ...TOLD, numRuns: 20 },
  );
});
