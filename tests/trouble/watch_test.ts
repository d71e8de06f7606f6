import assert from "node:assert/strict";
import { SILENT_LOG } from "../../lib/log.ts";
import { LOOK_MS, type TroubleNotice, watchTrouble } from "../../lib/trouble/watch.ts";
import { ManualClock } from "../manual_clock.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** A watch whose troubles and whose operator are the test's. */
function watchWith() {
  const clock = new ManualClock();
  const kinds = new Set<string>();
  const told: string[] = [];
  let broken = false;
  const watch = watchTrouble({
    look: () =>
      Promise.resolve([...kinds].map((kind) => ({ kind, detail: "it is so", fix: "mend it" }))),
    tell({ state, kind, since }: TroubleNotice) {
      if (broken) return Promise.reject(new Error("nobody is there"));
      told.push(`${state} ${kind} ${Date.parse(since) / MINUTE_MS}`);
      return Promise.resolve();
    },
    log: SILENT_LOG,
    now: clock.now,
    schedule: clock.schedule,
  });
  return {
    kinds,
    watch,
    clock,
    setBroken: (is: boolean) => broken = is,
    /** What was told by the time that much has passed, look by look. */
    async after(ms: number): Promise<string[]> {
      for (const end = clock.now() + ms; clock.now() < end;) {
        clock.advance(LOOK_MS);
        await watch.look();
      }
      return told.splice(0);
    },
  };
}

Deno.test("watchTrouble() tells of each trouble when it begins, once a day, and when it is over", async () => {
  const { kinds, watch, clock, after } = watchWith();
  assert.deepEqual(await after(5 * MINUTE_MS), []);
  kinds.add("disk-low");
  assert.deepEqual(await after(MINUTE_MS), ["begun disk-low 5.5"]);
  kinds.add("descriptors");
  assert.deepEqual(await after(DAY_MS - MINUTE_MS), ["begun descriptors 6.5"]);
  assert.deepEqual(await after(2 * MINUTE_MS), ["lasts disk-low 5.5", "lasts descriptors 6.5"]);
  kinds.delete("disk-low");
  assert.deepEqual(await after(MINUTE_MS), ["over disk-low 5.5"]);
  watch.stop();
  assert.equal(clock.waiting, 0);
});

Deno.test("watchTrouble() tells of one that comes and goes every ten minutes at most", async () => {
  const { kinds, after, watch } = watchWith();
  const told: string[] = [];
  for (let minute = 0; minute < 60; minute++) {
    if (minute % 2 === 0) kinds.add("descriptors");
    else kinds.delete("descriptors");
    told.push(...await after(MINUTE_MS));
  }
  const begun = told.filter((line) => line.startsWith("begun"));
  assert.equal(begun.length, 6, told.join());
  assert.equal(told.length, 2 * begun.length);
  watch.stop();
});

Deno.test("watchTrouble() tries again what could not be told, and tells no end of what nobody heard of", async () => {
  const { kinds, after, setBroken, watch } = watchWith();
  setBroken(true);
  kinds.add("disk-low");
  assert.deepEqual(await after(MINUTE_MS), []);
  setBroken(false);
  assert.deepEqual(await after(MINUTE_MS), ["begun disk-low 0.5"]);
  setBroken(true);
  kinds.clear();
  assert.deepEqual(await after(MINUTE_MS), []);
  setBroken(false);
  assert.deepEqual(await after(MINUTE_MS), ["over disk-low 0.5"]);
  setBroken(true);
  kinds.add("descriptors");
  await after(MINUTE_MS);
  kinds.clear();
  setBroken(false);
  assert.deepEqual(await after(20 * MINUTE_MS), []);
  watch.stop();
});

Deno.test("watchTrouble() ends without waiting for whom it tells", async () => {
  const clock = new ManualClock();
  const telling = Promise.withResolvers<void>();
  const watch = watchTrouble({
    look: () => Promise.resolve([{ kind: "disk-low", detail: "it is so", fix: "mend it" }]),
    tell() {
      telling.resolve();
      return new Promise(() => {});
    },
    log: SILENT_LOG,
    now: clock.now,
    schedule: clock.schedule,
  });
  void watch.look();
  await telling.promise;
  assert.equal(watch.stop(), undefined);
  assert.equal(clock.waiting, 0);
});
