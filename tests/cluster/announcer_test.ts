import assert from "node:assert/strict";
import { Announcer } from "../../lib/cluster/announcer.ts";
import { SILENT_LOG } from "../../lib/log.ts";
import { ManualClock } from "../manual_clock.ts";
import { settled } from "./relays.ts";

/** An announcer that takes part, and the names of each write. */
async function announcerTest() {
  const test = newAnnouncer();
  await test.announcer.join();
  return test;
}

/** One that takes no part yet. @param known the epochs that the engine gives, where it is asked for them. */
function newAnnouncer(
  join = (_kept?: readonly string[]) => Promise.resolve(new Map<string, number>()),
  known = new Map<string, number | undefined>(),
) {
  const clock = new ManualClock();
  const writes: string[][] = [];
  const announcer = new Announcer({
    engine: {
      join,
      announce(arrivals, departures) {
        writes.push([...arrivals, ...departures].map(({ username }) => username));
        const epochs = arrivals.map(({ username, epoch }): [string, number | undefined] => [
          username,
          known.has(username) ? known.get(username) : epoch || 1,
        ]);
        return Promise.resolve(
          new Map(epochs.filter((each): each is [string, number] => each[1] !== undefined)),
        );
      },
    },
    onOutdated: (username) => assert.fail(`${username} is the newest`),
    log: SILENT_LOG,
    now: clock.now,
    schedule: clock.schedule,
  });
  /** Users who come one after another, each after the one before was written if it is. */
  async function come(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      announcer.note(`user${i}`, "online");
      await settled();
    }
  }
  return { announcer, clock, writes, come };
}

Deno.test("Announcer tells at once of those who come, and together of those who come with many", async () => {
  const { announcer, clock, writes, come } = await announcerTest();
  await come(100);
  assert.deepEqual(writes.map(({ length }) => length), Array(20).fill(1));
  clock.advance(50);
  await settled();
  assert.deepEqual(writes.at(-1)!.length, 80);
  clock.advance(1_000);
  await come(3);
  assert.deepEqual(writes.slice(21).map(({ length }) => length), [1, 1, 1], "few, and at once");
  await announcer.stop();
  assert.equal(clock.waiting, 0);
});

Deno.test("Announcer that stops writes what waits for more", async () => {
  const { announcer, clock, writes, come } = await announcerTest();
  await come(25);
  await announcer.stop();
  assert.deepEqual([writes.length, writes.at(-1)!.length, clock.waiting], [21, 5, 0]);
});

Deno.test("Announcer.announced() resolves once a user is told of, has left, or the relay stops", async () => {
  const { announcer, clock, writes, come } = await announcerTest();
  await come(20);
  // No write is left for a moment.
  const order: string[] = [];
  for (const name of ["kaylee", "simon"]) {
    announcer.note(name, "online");
    announcer.announced(name).then(() => order.push(name));
  }
  announcer.announced("nobody").then(() => order.push("nobody"));
  announcer.announced("user0").then(() => order.push("user0"));
  await settled();
  assert.deepEqual(order.splice(0), ["nobody", "user0"]);
  announcer.note("simon", "left");
  await settled();
  assert.deepEqual(order.splice(0), ["simon"]);
  clock.advance(50);
  await settled();
  assert.deepEqual([order, writes.at(-1)], [["kaylee"], ["kaylee", "simon"]]);
  await announcer.stop();

  let isAway = true;
  const failing = new Announcer({
    engine: {
      join: () => Promise.resolve(new Map()),
      announce: () =>
        isAway ? Promise.reject(new Error("away")) : Promise.resolve(new Map([["kaylee", 1]])),
    },
    onOutdated() {},
    log: SILENT_LOG,
    ...{ now: clock.now, schedule: clock.schedule },
  });
  await failing.join();
  failing.note("kaylee", "online");
  failing.announced("kaylee").then(() => order.push("told"));
  await settled();
  assert.deepEqual(order, ["kaylee"], "it is tried again");
  isAway = false;
  clock.advance(1_000);
  await settled();
  assert.deepEqual(order, ["kaylee", "told"]);
  isAway = true;
  failing.note("simon", "online");
  const announced = failing.announced("simon");
  await failing.stop();
  await announced;
  assert.equal(clock.waiting, 0);
});

Deno.test("Announcer.join() tells of those kept as what became of them meanwhile", async () => {
  const taken = Promise.withResolvers<Map<string, number>>();
  const asked: (readonly string[] | undefined)[] = [];
  const { announcer, writes } = newAnnouncer((kept) => {
    asked.push(kept);
    return taken.promise;
  });
  const names = ["kaylee", "river", "simon"];
  for (const name of names) announcer.adopt(name);
  announcer.note("zoe", "online");
  const joined = announcer.join();
  // Read back before it is known here that it was done.
  announcer.correct("kaylee");
  announcer.note("river", "left");
  announcer.note("simon", "online");
  await settled();
  assert.deepEqual([asked, writes], [[names], []], "what is told before it takes part is refused");
  taken.resolve(new Map([["kaylee", 7], ["river", 8], ["simon", 9]]));
  await joined;
  await settled();
  assert.deepEqual(writes.splice(0), [["simon", "zoe", "river"]], "who is new, and who has left");
  assert.deepEqual(names.map((name) => announcer.epochOf(name)), [7, undefined, 1]);
  announcer.note("kaylee", "left");
  announcer.correct("jayne");
  await settled();
  assert.deepEqual(writes, [["kaylee", "jayne"]]);
});

Deno.test("Announcer tells of who came to the process before too late to be kept, and leaves who is elsewhere", async () => {
  const known = new Map<string, number | undefined>([["river", undefined]]);
  const { announcer, writes } = newAnnouncer(undefined, known);
  announcer.adopt("kaylee");
  await announcer.join();
  announcer.adopt("river");
  announcer.adopt("simon");
  await settled();
  assert.deepEqual(writes.splice(0).flat().sort(), ["kaylee", "river", "simon"]);
  // Here or elsewhere, nobody can tell who is the newer: nobody is ended, and nothing is told of it.
  assert.deepEqual(["kaylee", "river", "simon"].map((name) => announcer.epochOf(name)), [
    1,
    undefined,
    1,
  ]);
  known.set("river", 5);
  announcer.again("river");
  await settled();
  assert.deepEqual([writes.splice(0), announcer.epochOf("river")], [[["river"]], 5]);
  announcer.note("simon", "online");
  announcer.adopt("simon");
  announcer.note("simon", "left");
  await settled();
  assert.deepEqual(writes, [["simon"]]);
});

Deno.test("Announcer.join() that fails tells of nothing, and is made up for by the next", async () => {
  let error: Error | undefined = new Error("the engine is away");
  const { announcer, writes } = newAnnouncer(() =>
    error === undefined ? Promise.resolve(new Map()) : Promise.reject(error)
  );
  announcer.adopt("kaylee");
  await assert.rejects(announcer.join(), error);
  announcer.allAgain();
  await settled();
  assert.deepEqual(writes, []);
  error = undefined;
  await announcer.join();
  await settled();
  assert.deepEqual(writes, [["kaylee"]]);
});
