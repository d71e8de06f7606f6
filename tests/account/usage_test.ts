import assert from "node:assert/strict";
import { dayOf, Usage } from "../../lib/account/usage.ts";
import { createLog } from "../../lib/log.ts";
import { StoreError } from "../../lib/store/error.ts";
import { grantToken } from "../store/grant_token.ts";
import { memoryStore } from "../store/helpers.ts";

/** An hour before the end of a day. */
const LATE = 20_000 * 86_400_000 - 3_600_000;

/** A user's usage over a store in memory, with a clock and limits that a test sets. */
async function usageTest(story: (f: Fixture) => Promise<void>): Promise<void> {
  const { store } = memoryStore();
  await grantToken(store, "kaylee");
  const fixture = new Fixture(store.figures);
  await story(fixture);
  await fixture.usage.stop();
  await store.close();
}

class Fixture {
  now = LATE;
  limit = 0;
  readonly usedUp: string[] = [];
  readonly lines: string[] = [];
  readonly batches: string[] = [];
  /** Whether the store can be written. */
  writable = true;
  readonly usage: Usage;

  constructor(readonly figures: ReturnType<typeof memoryStore>["store"]["figures"]) {
    this.usage = new Usage({
      figures: {
        ...figures,
        add: (batch) => {
          this.batches.push(`${batch.number} of ${batch.writer}`);
          return this.writable
            ? figures.add(batch)
            : Promise.reject(new StoreError("disk is full"));
        },
      },
      today: new Map([["kaylee", 100]]),
      bytesPerDay: () => this.limit,
      onUsedUp: (username) => this.usedUp.push(username),
      log: createLog({ write: (line) => this.lines.push(line) }),
      now: () => this.now,
    });
  }
}

Deno.test("Usage tells figures at once, and writes them together", () =>
  usageTest(async ({ usage, figures }) => {
    usage.joined("kaylee", "parked");
    usage.joined("kaylee", "replaced");
    usage.joined("kaylee", "dialled");
    usage.passed("kaylee", { forward: 10, backward: 30 });
    const wanted = {
      ...{ visitors: 2, dialled: 2, bytesToClient: 10, bytesToVisitors: 30, lastVisitAt: LATE },
      day: { day: dayOf(LATE), bytes: 140 },
    };
    assert.deepEqual(await usage.of("kaylee"), wanted);
    assert.equal(await figures.of("kaylee"), undefined);
    await usage.flush();
    assert.deepEqual(await usage.of("kaylee"), wanted);
    assert.equal((await figures.of("kaylee"))?.visitors, 2);
    usage.passed("kaylee", { forward: 1, backward: 0 });
    assert.equal((await usage.of("kaylee"))?.bytesToClient, 11);
    assert.equal(await usage.of("zoe"), undefined);
  }));

Deno.test("Usage keeps what could not be written", () =>
  usageTest(async (f) => {
    f.usage.joined("kaylee", "parked");
    f.writable = false;
    await f.usage.flush();
    assert.match(f.lines.join(), /cannot write users' figures, trying again error="disk is full"/);
    f.usage.joined("kaylee", "parked");
    assert.equal((await f.usage.of("kaylee"))?.visitors, 2);
    f.writable = true;
    await f.usage.flush();
    assert.equal((await f.figures.of("kaylee"))?.visitors, 2);
    // As it was, for it may have been taken.
    const [first, again, next] = f.batches;
    assert.equal(first, again);
    assert.equal(next, first!.replace("1 of", "2 of"));
  }));

Deno.test("Usage tells once that a day's bytes are used up, until the next day", () =>
  usageTest((f) => {
    f.limit = 200;
    f.usage.passed("kaylee", { forward: 50, backward: 49 });
    assert.deepEqual([f.usage.isUsedUp("kaylee"), f.usedUp], [false, []]);
    f.usage.passed("kaylee", { forward: 0, backward: 1 });
    // Those who were joined bring what is left of theirs.
    f.usage.passed("kaylee", { forward: 0, backward: 1_000 });
    assert.deepEqual([f.usage.isUsedUp("kaylee"), f.usedUp], [true, ["kaylee"]]);
    assert.equal(f.usage.isUsedUp("zoe"), false);
    f.limit = 0;
    assert.equal(f.usage.isUsedUp("kaylee"), false);
    f.limit = 200;
    f.usage.enforce("kaylee");
    assert.deepEqual(f.usedUp, ["kaylee", "kaylee"]);
    f.now += 3_600_000;
    assert.deepEqual([f.usage.isUsedUp("kaylee"), f.usage.bytesToday("kaylee")], [false, 0]);
    return Promise.resolve();
  }));

/** What another process has written that is the user's too. */
function byAnother({ figures }: Fixture): Promise<unknown> {
  const passed = { visitors: 1, dialled: 0, bytesToClient: 500, bytesToVisitors: 500 };
  const day = dayOf(LATE);
  return figures.add({ writer: "another", number: 1, day, passed: new Map([["kaylee", passed]]) });
}

Deno.test("Usage counts what another process wrote, as another relay does", () =>
  usageTest(async (f) => {
    const { usage } = f;
    await byAnother(f);
    usage.passed("kaylee", { forward: 3, backward: 4 });
    await usage.flush();
    assert.equal(usage.bytesToday("kaylee"), 1_007);
    // Its own are known from before, and are no more than that.
    usage.passed("kaylee", { forward: 1, backward: 0 });
    await usage.flush();
    assert.equal(usage.bytesToday("kaylee"), 1_008);
  }));

Deno.test("Usage tells of bytes that are used up by what another process wrote", () =>
  usageTest(async (f) => {
    f.limit = 1_000;
    await byAnother(f);
    f.usage.passed("kaylee", { forward: 3, backward: 4 });
    await f.usage.flush();
    assert.deepEqual(f.usedUp, ["kaylee"]);
  }));

Deno.test("Usage tells of bytes that another process used up of a user who has passed none here", () =>
  usageTest(async (f) => {
    f.limit = 1_000;
    await byAnother(f);
    // Somebody else's visitor.
    f.usage.passed("zoe", { forward: 1, backward: 0 });
    await f.usage.flush();
    assert.deepEqual([f.usage.isUsedUp("kaylee"), f.usedUp], [true, ["kaylee"]]);
  }));

Deno.test("Usage of a name that is released is forgotten, but for its bytes of the day", () =>
  usageTest(async ({ usage, figures }) => {
    usage.joined("kaylee", "parked");
    usage.passed("kaylee", { forward: 1, backward: 0 });
    usage.forget("kaylee");
    await usage.flush();
    assert.equal(await figures.of("kaylee"), undefined);
    assert.equal(usage.bytesToday("kaylee"), 101);
  }));
