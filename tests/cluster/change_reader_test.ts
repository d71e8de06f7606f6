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
    onChanges: ({ number }, whole) => told.push([number, whole]),
    onFailure: () => failures++,
    log,
    now: clock.now,
    schedule: clock.schedule,
  });
  return { reader, clock, asked, told, toldWithin, log, failures: () => failures };
}

function changes(number: number): Changes {
  return { number, presence: [], notices: [] };
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
  assert.deepEqual([asked, toldWithin], [[undefined, 7, undefined], [95_000]]);
  reader.missed();
  await reader.read();
  assert.deepEqual(toldWithin, [95_000, 30_000]);
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
