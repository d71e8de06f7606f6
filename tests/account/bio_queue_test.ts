import assert from "node:assert/strict";
import type { BioResult } from "../../lib/account/bio_command.ts";
import { BioQueue, type BioQueueOptions, NOT_FOUND_MS } from "../../lib/account/bio_queue.ts";
import { addressGroups } from "../../lib/net/address_group.ts";
import { ManualClock } from "../manual_clock.ts";

/** A queue whose runs end when a test says so. */
class Fixture {
  readonly clock = new ManualClock();
  readonly queue: BioQueue;
  /** Names in the order in which their runs began. */
  readonly began: string[] = [];
  readonly #ends = new Map<string, (result: BioResult) => void>();
  /** Names in the order in which they were answered, with the state. */
  readonly answers: string[] = [];

  constructor(options: Partial<BioQueueOptions> = {}) {
    this.queue = new BioQueue({
      run: (username) => {
        this.began.push(username);
        const { promise, resolve } = Promise.withResolvers<BioResult>();
        this.#ends.set(username, resolve);
        return promise;
      },
      addressGroups,
      now: this.clock.now,
      schedule: this.clock.schedule,
      ...options,
    });
  }

  ask(username: string, address: string): Promise<void> {
    return this.queue.ask(username, address).then(({ state, ran }) => {
      this.answers.push(`${username} ${state}${ran ? "" : " (not run)"}`);
    });
  }

  /** Ends a run, and lets those who waited for it know. */
  async end(
    username: string,
    result: BioResult = { state: "found", bio: username },
  ): Promise<void> {
    this.#ends.get(username)!(result);
    this.#ends.delete(username);
    for (let i = 0; i < 10; i++) await undefined;
  }

  get running(): string[] {
    return [...this.#ends.keys()];
  }
}

const VICTIM = "198.51.100.7";

Deno.test("BioQueue runs at most four at once, of one network two, and the others in turn", async () => {
  const f = new Fixture();
  for (let i = 0; i < 10; i++) f.ask(`near${i}`, `2001:db8:1:${i}::1`);
  assert.deepEqual(f.running, ["near0", "near1"]);
  for (let i = 0; i < 3; i++) f.ask(`far${i}`, `2001:db8:${i + 2}::1`);
  assert.deepEqual(f.running, ["near0", "near1", "far0", "far1"]);
  await f.end("near0");
  // Of the network that has had no turn yet.
  assert.deepEqual(f.running.at(-1), "far2");
  await f.end("far0");
  await f.end("far1");
  assert.deepEqual(f.running, ["near1", "far2", "near2"]);
});

Deno.test("BioQueue lets a newcomer run next, however many wait in twenty /64s of one /48", async () => {
  const f = new Fixture({ maxAtOnce: 1 });
  for (let i = 0; i < 40; i++) f.ask(`greedy${i}`, `2001:db8:1:${i % 20}::1`);
  assert.deepEqual(f.running, ["greedy0"]);
  f.ask("victim", VICTIM);
  await f.end("greedy0");
  assert.deepEqual(f.running, ["victim"]);
  // And again at once, though the greedy have waited longer: turn by turn.
  await f.end("victim");
  f.ask("victim2", VICTIM);
  f.ask("victim3", VICTIM);
  await f.end(f.running[0]!);
  assert.deepEqual(f.running, ["victim2"]);
  await f.end("victim2");
  assert.match(f.running[0]!, /greedy/);
});

Deno.test("BioQueue shares the turns of a network between its parts as well", async () => {
  const f = new Fixture({ maxAtOnce: 1 });
  f.ask("first", "203.0.113.1");
  for (let i = 0; i < 5; i++) f.ask(`greedy${i}`, "203.0.113.2");
  f.ask("neighbour", "203.0.113.3");
  await f.end("first");
  assert.deepEqual(f.running, ["greedy0"]);
  await f.end("greedy0");
  assert.deepEqual(f.running, ["neighbour"]);
});

Deno.test("BioQueue reads a name once at a time, and all who waited share the next run", async () => {
  const f = new Fixture();
  f.ask("kaylee", "203.0.113.1");
  // The bio may have changed since the first run began.
  for (let i = 0; i < 5; i++) f.ask("kaylee", `192.0.${i}.1`);
  assert.deepEqual(f.running, ["kaylee"]);
  await f.end("kaylee");
  assert.deepEqual(f.answers, ["kaylee found"]);
  assert.deepEqual(f.running, ["kaylee"]);
  await f.end("kaylee");
  assert.deepEqual(f.answers, Array(6).fill("kaylee found"));
  assert.deepEqual(f.began, ["kaylee", "kaylee"]);
});

Deno.test("BioQueue remembers for some seconds that there is no such profile", async () => {
  const f = new Fixture();
  f.ask("nobody", VICTIM);
  await f.end("nobody", { state: "not-found" });
  f.clock.advance(NOT_FOUND_MS - 1);
  await f.ask("nobody", VICTIM);
  f.clock.advance(1);
  f.ask("nobody", VICTIM);
  await f.end("nobody");
  assert.deepEqual(f.answers, ["nobody not-found", "nobody not-found (not run)", "nobody found"]);
  // A bio without the code, or one that cannot be read, is read again at once.
  for (let i = 0; i < 2; i++) {
    f.ask("nobody", VICTIM);
    await f.end("nobody", { state: "unavailable", why: "x" });
  }
  assert.equal(f.began.length, 4);
});

Deno.test("BioQueue refuses beyond its places, who waited too long, and nobody else", async () => {
  const busy: string[] = [];
  const f = new Fixture({
    maxAtOnce: 1,
    maxRequests: 8,
    onBusy: (username) => busy.push(username),
  });
  for (let i = 0; i < 10; i++) f.ask(`greedy${i}`, `2001:db8:1:${i}::1`);
  await undefined;
  // Half of the places are one network's.
  assert.deepEqual(busy, [4, 5, 6, 7, 8, 9].map((i) => `greedy${i}`));
  f.ask("victim", VICTIM);
  assert.equal(f.queue.waiting, 4);
  f.clock.advance(10_000);
  await f.end("greedy0");
  assert.deepEqual(busy.slice(6), ["greedy1", "greedy2", "greedy3", "victim"]);
  assert.equal(f.answers.filter((answer) => answer === "greedy0 found").length, 1);
  assert.equal(f.clock.waiting, 0);
  assert.equal(f.queue.waiting, 0);
  f.ask("victim", VICTIM);
  assert.deepEqual(f.running, ["victim"]);
  // A run takes as long as it takes: its wait is over.
  f.clock.advance(60_000);
  await f.end("victim");
  assert.equal(f.answers.at(-1), "victim found");
});
