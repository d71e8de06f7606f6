import assert from "node:assert/strict";
import { ChangeReader } from "../../lib/cluster/change_reader.ts";
import type { Changes } from "../../lib/cluster/engine.ts";
import { recordedLog } from "../certificate/helpers.ts";
import { ManualClock } from "../manual_clock.ts";

/** A reader of what a test puts into `answers`, and the numbers that it asked with. */
function readerOf(answers: (Changes | Error)[]) {
  const clock = new ManualClock();
  const [asked, told] = [[] as (number | undefined)[], [] as [number: number, whole: boolean][]];
  const toldWithin: number[] = [];
  const notices: number[] = [];
  const log = recordedLog();
  let failures = 0;
  const reader = new ChangeReader({
    engine: {
      changesSince(number, toldWithinMs) {
        asked.push(number);
        if (toldWithinMs !== undefined) toldWithin.push(toldWithinMs);
        const answer = answers.shift()!;
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
    },
    onChanges(changes, whole) {
      told.push([changes.number, whole]);
      notices.push(...changes.notices.map(({ toldAt }) => toldAt));
    },
    onFailure: () => failures++,
    log,
    now: clock.now,
    schedule: clock.schedule,
  });
  return { reader, clock, asked, told, toldWithin, notices, log, failures: () => failures };
}

/** @param toldAt of its notices. */
function changes(number: number, toldAt: number[] = []): Changes {
  const notices = toldAt.map((toldAt) => ({ toldAt, kind: "cut-off" as const, boot: "other" }));
  return { number, presence: [], notices };
}

Deno.test("ChangeReader.read() waits for the reading that was begun", async () => {
  const { reader, asked, told } = readerOf([changes(7), changes(9)]);
  reader.missed();
  await reader.read();
  assert.deepEqual([asked, told], [[undefined], [[7, true]]], "once");
  await reader.read();
  assert.deepEqual(asked, [undefined, 7]);
});

Deno.test("ChangeReader.read() rejects where it began the reading, which nothing tries again", async () => {
  const { reader, clock, failures } = readerOf([new Error("away")]);
  await assert.rejects(reader.read(), /away/);
  assert.deepEqual([failures(), clock.waiting], [0, 0]);
});

Deno.test("ChangeReader compares all after changes that it could not read", async () => {
  const away = new Error("away");
  const { reader, clock, asked, told, failures } = readerOf(
    [changes(7), away, changes(9), changes(9), changes(9)],
  );
  await reader.read();
  reader.changed();
  await assert.rejects(reader.read(), away);
  assert.equal(failures(), 1);
  clock.advance(1_000);
  await reader.read();
  assert.deepEqual(asked, [undefined, 7, 7, undefined]);
  assert.deepEqual(told, [[7, true], [9, false], [9, true]]);
  await reader.read();
  assert.deepEqual(asked.at(-1), 9, "once");
});

Deno.test("ChangeReader asks by time for what was told while it heard nothing", async () => {
  const { reader, clock, asked, toldWithin, log } = readerOf(
    [changes(7), changes(9), changes(9), changes(9), changes(9)],
  );
  await reader.read();
  reader.missing();
  clock.advance(60_000);
  // A second try that fails changes nothing of since when.
  reader.missing();
  clock.advance(5_000);
  reader.missed();
  await reader.read();
  assert.deepEqual([asked, toldWithin], [[undefined, 7, undefined], [60_000, 95_000]]);
  reader.missed();
  await reader.read();
  assert.deepEqual(toldWithin.slice(1), [95_000, 30_000]);
  assert.deepEqual(log.lines, []);
});

Deno.test("ChangeReader says that the engine has lost changes, and reads all", async () => {
  const { reader, asked, told, log } = readerOf([changes(7), changes(5), changes(5), changes(6)]);
  await reader.read();
  await reader.read();
  assert.deepEqual(asked, [undefined, 7, undefined]);
  assert.deepEqual(told, [[7, true], [5, false], [5, true]]);
  assert.match(log.text(), /^warn the database has lost what it told last/);
  await reader.read();
  assert.deepEqual(asked.at(-1), 5);
});

Deno.test("ChangeReader passes on each notice once, however many there are", async () => {
  const many = Array.from({ length: 1_500 }, (_, i) => i);
  const { reader, clock, notices } = readerOf(
    [changes(1), changes(2, many), changes(2), changes(2, many), changes(2), changes(3, many)],
  );
  await reader.read();
  await reader.read();
  assert.deepEqual(notices, many);
  reader.missing();
  clock.advance(3_600_000);
  reader.missed();
  await reader.read();
  assert.deepEqual(notices, many, "none was forgotten while the engine was away");
  // What is too old to be read again is kept no longer.
  clock.advance(61_000);
  reader.missed();
  await reader.read();
  assert.equal(notices.length, 2 * many.length);
});

Deno.test("ChangeReader passes on no notice from before its first reading", async () => {
  const { reader, clock, notices, toldWithin } = readerOf(
    [new Error("away"), changes(7, [1, 2]), changes(7), changes(8, [1, 2, 3])],
  );
  reader.missing();
  await assert.rejects(reader.read());
  clock.advance(3_600_000);
  await reader.read();
  assert.deepEqual(notices, []);
  reader.missed();
  await reader.read();
  assert.deepEqual(notices, [3]);
  assert.deepEqual(toldWithin.at(-1), 30_000, "not from before, though it was missing then");
});
