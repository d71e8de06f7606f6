import assert from "node:assert/strict";
import { Announcer } from "../../lib/cluster/announcer.ts";
import { SILENT_LOG } from "../../lib/log.ts";
import { ManualClock } from "../manual_clock.ts";
import { settled } from "./relays.ts";

/** An announcer, and the names of each write. */
function announcerTest(join = () => Promise.resolve(new Map<string, number>())) {
  const clock = new ManualClock();
  const writes: string[][] = [];
  const announcer = new Announcer({
    engine: {
      join,
      announce(arrivals, departures) {
        writes.push([...arrivals, ...departures].map(({ username }) => username));
        return Promise.resolve(new Map(arrivals.map(({ username }) => [username, 1])));
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
  const { announcer, clock, writes, come } = announcerTest();
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
  const { announcer, clock, writes, come } = announcerTest();
  await come(25);
  await announcer.stop();
  assert.deepEqual([writes.length, writes.at(-1)!.length, clock.waiting], [21, 5, 0]);
});

Deno.test("Announcer.announced() resolves once a user is told of, has left, or the relay stops", async () => {
  const { announcer, clock, writes, come } = announcerTest();
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
  const { announcer, writes } = announcerTest(() => taken.promise);
  const names = ["kaylee", "river", "simon", "zoe"];
  const joined = announcer.join(names);
  // Read back before it is known here that it was done.
  announcer.correct("kaylee");
  announcer.note("river", "left");
  announcer.note("simon", "online");
  await settled();
  assert.deepEqual(writes.splice(0), [["simon"]]);
  taken.resolve(new Map([["kaylee", 7], ["river", 8], ["simon", 9]]));
  await joined;
  assert.deepEqual(names.map((name) => announcer.epochOf(name)), [7, undefined, 1, undefined]);
  await settled();
  assert.deepEqual(
    writes.splice(0),
    [["simon", "kaylee", "river"]],
    "who is here, and who has left",
  );
  announcer.note("kaylee", "left");
  announcer.correct("zoe");
  await settled();
  assert.deepEqual(writes, [["kaylee", "zoe"]]);
});

Deno.test("Announcer.join() that fails changes nothing", async () => {
  const error = new Error("the engine is away");
  const { announcer, writes } = announcerTest(() => Promise.reject(error));
  await assert.rejects(announcer.join(["kaylee"]), error);
  announcer.allAgain();
  await settled();
  assert.deepEqual(writes, []);
  announcer.correct("kaylee");
  await settled();
  assert.deepEqual(writes, [["kaylee"]]);
});
