import assert from "node:assert/strict";
import fc from "fast-check";
import { relaysOf, type TestRelay } from "./relays.ts";

const IDS = ["a", "b", "c"] as const;
const USERS = ["kaylee", "river"] as const;

/** What may happen at a relay: to a user's session, to its way to the engine, to its process, or to the engine. */
const EVENTS = fc.record({
  at: fc.nat(IDS.length - 1),
  user: fc.constantFrom(...USERS),
  what: fc.oneof(
    { weight: 6, arbitrary: fc.constant("comes") },
    { weight: 2, arbitrary: fc.constantFrom("leaves", "releases") },
    { weight: 4, arbitrary: fc.constantFrom("away", "there", "loses answers", "answers") },
    { weight: 2, arbitrary: fc.constantFrom("killed", "rival", "saved", "set back") },
  ),
  passMs: fc.constantFrom(0, 0, 0, 600, 3_000, 12_000),
});
type Event = typeof EVENTS extends fc.Arbitrary<infer T> ? T : never;

/** Three relays, and what the database had when it was last copied. */
async function world() {
  const { start, pass, db } = relaysOf();
  const relays: TestRelay[] = [];
  for (const id of IDS) relays.push(await start(id));
  let boots = 0;
  let saved = structuredClone({ presence: db.presence, relays: db.relays, number: db.number });

  /** As by SIGKILL: nobody is told. */
  async function kill({ cluster, engine }: TestRelay): Promise<void> {
    engine.away = true;
    engine.leave = () => Promise.resolve();
    await cluster.stop();
    db.engines.delete(engine);
  }

  const acts: Record<Event["what"], (relay: TestRelay, event: Event) => Promise<void> | void> = {
    comes: (relay, { user }) => void relay.online(user),
    leaves: ({ sessions }, { user }) => end(sessions, user, true),
    releases: ({ sessions }, { user }) => end(sessions, user, false),
    away: ({ engine }) => void (engine.away = true),
    there: ({ engine }) => void (engine.away = false),
    "loses answers": ({ engine }) => void (engine.losesAnswers = true),
    answers: ({ engine }) => void (engine.losesAnswers = false),
    async killed(relay, { at }) {
      await kill(relay);
      relays[at] = await start(IDS[at]!, `boot ${++boots}`);
    },
    async rival(_relay, { at, passMs }) {
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
  return { relays, pass, act: (event: Event) => acts[event.what](relays[event.at]!, event) };
}

function end(sessions: TestRelay["sessions"], user: string, comesBack: boolean): void {
  const session = sessions.get(user);
  if (session === undefined) return;
  sessions.remove(session, comesBack);
  session.end();
}

Deno.test("relays agree in the end on one session of a user at most, whatever happened to them and their database", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(EVENTS, { minLength: 20, maxLength: 30 }), async (events) => {
      const { relays, pass, act } = await world();
      for (const event of events) {
        await act(event);
        await pass(event.passMs);
      }
      for (const { engine } of relays) {
        engine.losesAnswers = false;
        engine.away = false;
      }
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
      for (const { cluster } of relays) await cluster.stop();
    }),
    { numRuns: 12 },
  );
});
