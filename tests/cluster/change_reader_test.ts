import assert from "node:assert/strict";
import { ChangeReader } from "../../lib/cluster/change_reader.ts";
import { type Changes, PAGE, type PresenceRow } from "../../lib/cluster/engine.ts";
import { recordedLog } from "../certificate/helpers.ts";
import { ManualClock } from "../manual_clock.ts";
import { settled } from "./relays.ts";

/** What a test has the engine answer; each is taken once. */
interface Answers {
  /** To what changed, and to what was last before everybody is read. */
  answers: (Changes | Error)[];
  /** Everybody who is online. @default nobody */
  pages?: PresenceRow[][];
  /** What changed while they were read. @default nothing */
  meanwhile?: Changes[];
  /** Called before each page of those online. */
  onPage?: () => void;
  /** Called before what changed is answered. */
  onQuestion?: () => Promise<void> | void;
}

/** A reader, and what was asked and told, in order. */
function readerOf(
  { answers, pages = [], meanwhile = [], onPage = () => {}, onQuestion = () => {} }: Answers,
) {
  const clock = new ManualClock();
  const [asked, told] = [[] as (number | "all")[], [] as string[]];
  const toldWithin: number[] = [];
  const notices: number[] = [];
  const log = recordedLog();
  let failures = 0;
  let wholeFrom: number | undefined;
  function answer(): Changes {
    const next = answers.shift()!;
    if (next instanceof Error) throw next;
    return next;
  }
  const reader = new ChangeReader({
    engine: {
      changesSince: (number) =>
        Promise.try(async () => {
          if (number === wholeFrom) {
            wholeFrom = undefined;
            return meanwhile.shift() ?? changes(number);
          }
          asked.push(number);
          await onQuestion();
          return answer();
        }),
      lastChange: (toldWithinMs) =>
        Promise.try(() => {
          asked.push("all");
          toldWithin.push(toldWithinMs);
          const last = answer();
          wholeFrom = last.number;
          return last;
        }),
      onlineBehind: () => Promise.try(onPage).then(() => pages.shift() ?? []),
    },
    onChanges(changes) {
      const names = changes.presence.map(({ username }) => username);
      if (names.length > 0) told.push(names.length > 5 ? `${names.length}` : names.join());
      notices.push(...changes.notices.map(({ toldAt }) => toldAt));
    },
    onWhole: (online) => told.push(`whole: ${online.size}`),
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
  return { number, presence: [], notices, more: false };
}

function row(username: string, state: PresenceRow["state"] = "online"): PresenceRow {
  return { username, relay: "b", boot: "b1", epoch: 1, state };
}

Deno.test("ChangeReader.read() waits for the reading that was begun", async () => {
  const { reader, asked, told } = readerOf({ answers: [changes(7), changes(9)] });
  reader.missed();
  await reader.read();
  assert.deepEqual([asked, told], [["all"], ["whole: 0"]], "once");
  await reader.read();
  assert.deepEqual(asked, ["all", 7]);
});

Deno.test("ChangeReader.caughtUp() asks once more where a question is under way, and one for all who wait", async () => {
  const answered = Promise.withResolvers<void>();
  const { reader, asked, told } = readerOf({
    answers: [changes(7), changes(7), { ...changes(8), presence: [row("kaylee")] }],
    onQuestion: () => asked.length === 2 ? answered.promise : undefined,
  });
  await reader.read();
  reader.changed();
  await settled();
  assert.deepEqual(asked, ["all", 7]);
  const caughtUp = Promise.all([reader.caughtUp(), reader.caughtUp(), reader.caughtUp()]);
  answered.resolve();
  await caughtUp;
  assert.deepEqual(asked, ["all", 7, 7]);
  assert.deepEqual(told, ["whole: 0", "kaylee"]);
});

Deno.test("ChangeReader.caughtUp() waits for one question, and not for those of who comes meanwhile", async () => {
  const second = Promise.withResolvers<void>();
  const order: string[] = [];
  const { reader, asked } = readerOf({
    answers: [changes(7), changes(7), changes(7)],
    async onQuestion() {
      if (asked.length > 2) return await second.promise;
      // Also whoever comes while it is on its way.
      reader.caughtUp().then(() => order.push("second"));
    },
  });
  await reader.read();
  reader.caughtUp().then(() => order.push("first"));
  await settled();
  assert.deepEqual([asked, order], [["all", 7, 7], ["first"]]);
  second.resolve();
  await reader.read();
  await settled();
  assert.deepEqual(order, ["first", "second"]);
});

Deno.test("ChangeReader.caughtUp() asks 20 times a second at most, however many visitors make up names", async () => {
  const { reader, clock, asked } = readerOf({
    answers: Array.from({ length: 100 }, () => changes(7)),
  });
  await reader.read();
  for (let visitor = 0; visitor < 50; visitor++) {
    reader.caughtUp();
    await settled();
  }
  assert.equal(asked.length, 20);
  const all = Array.from({ length: 500 }, () => reader.caughtUp());
  clock.advance(50);
  await Promise.all(all);
  assert.equal(asked.length, 21, "one for all who came meanwhile");
  for (let ms = 0; ms < 1_000; ms += 50) {
    reader.caughtUp();
    await settled();
    clock.advance(50);
    await settled();
  }
  assert.equal(asked.length, 41);
  reader.caughtUp();
  await reader.stop();
  assert.equal(clock.waiting, 0);
});

Deno.test("ChangeReader tries again once for all visitors who came while it could not read", async () => {
  const away = new Error("away");
  const { reader, clock, asked } = readerOf({
    answers: [changes(7), away, away, away, changes(7), changes(7), changes(7), away],
  });
  await reader.read();
  for (let visitor = 0; visitor < 3; visitor++) await reader.caughtUp();
  assert.equal(clock.waiting, 1);
  clock.advance(1_000);
  await reader.read();
  assert.deepEqual([asked, clock.waiting], [["all", 7, 7, 7, 7, "all"], 0]);
  await reader.caughtUp();
  await reader.caughtUp();
  assert.equal(clock.waiting, 1, "also of what fails later");
  await reader.stop();
  assert.equal(clock.waiting, 0);
});

Deno.test("ChangeReader.caughtUp() resolves where nothing can be read, which is tried again", async () => {
  const { reader, clock, told, failures } = readerOf({
    answers: [changes(7), new Error("away"), changes(7), changes(7)],
  });
  await reader.read();
  await reader.caughtUp();
  assert.equal(failures(), 1);
  assert.equal(clock.waiting, 1);
  assert.deepEqual(told, ["whole: 0"]);
});

Deno.test("ChangeReader.read() rejects where it began the reading, which nothing tries again", async () => {
  const { reader, clock, failures } = readerOf({ answers: [new Error("away")] });
  await assert.rejects(reader.read(), /away/);
  assert.deepEqual([failures(), clock.waiting], [0, 0]);
});

Deno.test("ChangeReader compares all after changes that it could not read", async () => {
  const away = new Error("away");
  const { reader, clock, asked, told, failures } = readerOf({
    answers: [changes(7), away, changes(9), changes(9), changes(9)],
  });
  await reader.read();
  reader.changed();
  await assert.rejects(reader.read(), away);
  assert.equal(failures(), 1);
  clock.advance(1_000);
  await reader.read();
  assert.deepEqual(asked, ["all", 7, 7, "all"]);
  assert.deepEqual(told, ["whole: 0", "whole: 0"]);
  await reader.read();
  assert.deepEqual(asked.at(-1), 9, "once");
});

Deno.test("ChangeReader asks by time for what was told while it heard nothing", async () => {
  const { reader, clock, asked, toldWithin, log } = readerOf({
    answers: [changes(7), changes(9), changes(9), changes(9), changes(9)],
  });
  await reader.read();
  reader.missing();
  clock.advance(60_000);
  // A second try that fails changes nothing of since when.
  reader.missing();
  clock.advance(5_000);
  reader.missed();
  await reader.read();
  assert.deepEqual([asked, toldWithin], [["all", 7, "all"], [60_000, 95_000]]);
  reader.missed();
  await reader.read();
  assert.deepEqual(toldWithin.slice(1), [95_000, 30_000]);
  assert.deepEqual(log.lines, []);
});

Deno.test("ChangeReader says that the engine has lost changes, and reads all", async () => {
  const { reader, asked, told, log } = readerOf({
    answers: [changes(7), changes(5), changes(5), changes(6)],
  });
  await reader.read();
  await reader.read();
  assert.deepEqual(asked, ["all", 7, "all"]);
  assert.deepEqual(told, ["whole: 0", "whole: 0"]);
  assert.match(log.text(), /^warn the database has lost what it told last/);
  await reader.read();
  assert.deepEqual(asked.at(-1), 5);
  // Between two pages of changes, too, though it is further than where they began.
  const later = readerOf({
    answers: [changes(7), { ...changes(20), more: true }, changes(10), changes(10)],
  });
  await later.reader.read();
  await later.reader.read();
  assert.deepEqual(later.asked, ["all", 7, 20, "all"]);
});

Deno.test("ChangeReader stops between two pages, and knows of what is missed while it reads them", async () => {
  const many = Array.from({ length: PAGE }, (_, i) => row(`user${i}`));
  const pages = [many, many, many];
  const stopped = readerOf({
    answers: [changes(7)],
    pages,
    onPage: () => void stopped.reader.stop(),
  });
  await stopped.reader.read();
  assert.deepEqual([stopped.told, pages.length], [[`${PAGE}`], 2]);

  const deaf = readerOf({
    answers: [changes(7), changes(7), changes(7)],
    onPage() {
      deaf.clock.advance(1_000);
      deaf.reader.missing();
      deaf.clock.advance(50_000);
    },
  });
  await deaf.reader.read();
  deaf.reader.missed();
  await deaf.reader.read();
  assert.deepEqual(deaf.toldWithin, [60_000, 80_000]);
});

Deno.test("ChangeReader passes on each notice once, however many there are", async () => {
  const many = Array.from({ length: 1_500 }, (_, i) => i);
  const { reader, clock, notices } = readerOf({
    answers: [
      changes(1),
      changes(2, many),
      changes(2),
      changes(2, many),
      changes(2),
      changes(3, many),
    ],
  });
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
  const { reader, clock, notices, toldWithin } = readerOf({
    answers: [new Error("away"), changes(7, [1, 2]), changes(7), changes(8, [1, 2, 3])],
  });
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

Deno.test("ChangeReader reads everybody a page at a time, with what changes meanwhile", async () => {
  const many = Array.from({ length: PAGE }, (_, i) => row(`user${i}`));
  const { reader, told } = readerOf({
    answers: [changes(7)],
    pages: [many, [row("zoe")]],
    meanwhile: [{
      ...changes(9),
      // One who was read left since, one who came was not read, and one has come back.
      presence: [row("user7", "left"), row("kaylee"), row("user8")],
    }],
  });
  await reader.read();
  assert.deepEqual(told, [`${PAGE}`, "zoe", "user7,kaylee,user8", `whole: ${PAGE + 1}`]);
});

Deno.test("ChangeReader reads what changed on until there is no more", async () => {
  const more = { ...changes(8), presence: [row("kaylee")], more: true };
  const { reader, asked, told } = readerOf({
    answers: [changes(7), more, { ...changes(9), presence: [row("zoe")] }],
  });
  await reader.read();
  await reader.read();
  assert.deepEqual([asked, told], [["all", 7, 8], ["whole: 0", "kaylee", "zoe"]]);
});

Deno.test("ChangeReader reads all again where the engine lost changes while it did", async () => {
  const { reader, clock, asked, told, failures } = readerOf({
    answers: [changes(7), changes(7), changes(9), changes(5), changes(6)],
    meanwhile: [changes(7), changes(4)],
  });
  await reader.read();
  reader.missed();
  await assert.rejects(reader.read(), /set back/);
  assert.equal(failures(), 1);
  clock.advance(1_000);
  await reader.read();
  assert.deepEqual([asked, told], [["all", 7, "all", 4, "all"], ["whole: 0", "whole: 0"]]);
});
