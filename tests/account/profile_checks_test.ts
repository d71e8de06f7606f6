import assert from "node:assert/strict";
import type { BioAnswer } from "../../lib/account/bio_queue.ts";
import { ProfileChecks } from "../../lib/account/profile_checks.ts";
import { createLog } from "../../lib/log.ts";
import { StoreError } from "../../lib/store/error.ts";
import { ManualClock } from "../manual_clock.ts";
import { grantToken } from "../store/grant_token.ts";
import { settle } from "../store/held.ts";
import { memoryStore } from "../store/helpers.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** Checks over a store in memory, with profiles and a clock that a test sets. */
async function checksTest(story: (f: Fixture) => Promise<void>): Promise<void> {
  const fixture = new Fixture();
  try {
    await story(fixture);
  } finally {
    fixture.checks.stop();
    assert.equal(fixture.clock.waiting, 0, "nothing is to come after a stop");
    await fixture.store.close();
  }
}

class Fixture {
  readonly clock = new ManualClock();
  readonly store = memoryStore({ now: this.clock.now }).store;
  days = 7;
  /** What stands in the way of the store. */
  fault: Error | undefined;
  answer: (username: string) => BioAnswer = () => ({ state: "found", bio: "", ran: true });
  /** Whose profile was read when, in hours. */
  readonly reads: [username: string, hour: number][] = [];
  readonly lines: string[] = [];
  readonly checks = new ProfileChecks({
    profiles: this.store.profiles,
    total: async () => {
      if (this.fault !== undefined) throw this.fault;
      return (await this.store.accounts.counts()).total;
    },
    read: (username) => {
      this.reads.push([username, Math.floor(this.clock.now() / HOUR_MS)]);
      return Promise.resolve(this.answer(username));
    },
    days: () => this.days,
    log: createLog({ write: (line) => this.lines.push(line.replace(/^\S+ /, "")) }),
    schedule: this.clock.schedule,
  });

  /** Moves on, a step a look. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.now() + ms;
    while (this.clock.now() < end) {
      const [next = ms] = this.clock.remaining;
      this.clock.advance(Math.min(next, end - this.clock.now()));
      await settle();
    }
  }
}

Deno.test("ProfileChecks looks for each profile once a period, one at a time", () =>
  checksTest(async (f) => {
    for (const name of ["inara", "kaylee", "zoe"]) await grantToken(f.store, name);
    await f.pass(7 * DAY_MS - HOUR_MS);
    assert.equal(f.reads.length, 0, "they have proved it less than a period ago");
    await f.pass(4 * HOUR_MS);
    assert.deepEqual(f.reads.map(([name]) => name), ["inara", "kaylee", "zoe"]);
    assert.equal(new Set(f.reads.map(([, hour]) => hour)).size, 3, "spread");
    await f.pass(6 * DAY_MS);
    assert.equal(f.reads.length, 3);
    await f.pass(DAY_MS);
    assert.equal(f.reads.length, 6);
    assert.deepEqual(f.lines, []);
  }));

Deno.test("ProfileChecks keeps a pace, however many are due", () =>
  checksTest(async (f) => {
    for (let i = 0; i < 50; i++) await grantToken(f.store, `user${i}`);
    f.days = 0;
    await f.pass(30 * DAY_MS);
    assert.equal(f.reads.length, 0, "none is looked for where it is off");
    f.days = 1;
    await f.pass(2 * HOUR_MS);
    // A day has room for 50 looks, every 29 minutes one.
    assert.ok(f.reads.length >= 2 && f.reads.length <= 5, `${f.reads.length}`);
    await f.pass(DAY_MS);
    assert.equal(new Set(f.reads.map(([name]) => name)).size, 50);
  }));

Deno.test("ProfileChecks tells once that a profile is gone, another's, or back, and changes nothing", () =>
  checksTest(async (f) => {
    await grantToken(f.store, "kaylee");
    const account = await f.store.accounts.byUsername("kaylee");
    f.days = 1;
    f.answer = () => ({ state: "not-found", ran: true });
    await f.pass(5 * DAY_MS);
    assert.deepEqual(f.lines, ["warn  a user's profile is gone username=kaylee"]);
    assert.deepEqual(await f.store.accounts.byUsername("kaylee"), account);
    f.answer = () => ({ state: "found", bio: "", ran: true });
    await f.pass(2 * DAY_MS);
    assert.deepEqual(f.lines.slice(1), ["info  a user's profile is back username=kaylee"]);
  }));

Deno.test("ProfileChecks takes no failure for an answer, and tries again", () =>
  checksTest(async (f) => {
    await grantToken(f.store, "kaylee");
    f.answer = () => ({ state: "unavailable", why: "slow", ran: true });
    await f.pass(7 * DAY_MS + 2 * HOUR_MS);
    f.answer = () => ({ state: "busy", ran: false });
    await f.pass(DAY_MS);
    assert.equal(await f.store.profiles.of("kaylee"), undefined);
    f.fault = new StoreError("disk I/O error");
    await f.pass(2 * HOUR_MS);
    f.fault = undefined;
    f.answer = () => ({ state: "not-found", ran: true });
    await f.pass(2 * HOUR_MS);
    assert.equal((await f.store.profiles.of("kaylee"))?.state, "gone");
    assert.match(f.lines[0]!, /cannot note what was seen of profiles error="disk I\/O error"/);
    assert.match(f.lines.at(-1)!, /a user's profile is gone/);
  }));
