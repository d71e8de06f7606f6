import assert from "node:assert/strict";
import { ChangeReader } from "../../lib/cluster/change_reader.ts";
import type { Changes } from "../../lib/cluster/engine.ts";
import { recordedLog } from "../certificate/helpers.ts";
import { ManualClock } from "../manual_clock.ts";

/** A reader of what a test puts into `answers`, and the numbers that it asked with. */
function readerOf(answers: (Changes | Error)[]) {
  const clock = new ManualClock();
  const [asked, told] = [[] as (number | undefined)[], [] as [number: number, whole: boolean][]];
  let failures = 0;
  const reader = new ChangeReader({
    engine: {
      changesSince(number) {
        asked.push(number);
        const answer = answers.shift()!;
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
    },
    onChanges: ({ number }, whole) => told.push([number, whole]),
    onFailure: () => failures++,
    log: recordedLog(),
    schedule: clock.schedule,
  });
  return { reader, clock, asked, told, failures: () => failures };
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
