import assert from "node:assert/strict";
import { ReadAhead } from "../../lib/net/read_ahead.ts";
import type { Duplex } from "../../lib/net/splice.ts";
import { DOUBT_MS, Doubted } from "../../lib/visitor/doubted.ts";
import { ManualClock } from "../manual_clock.ts";
import { pipe, type PipeEnd, readAll, text, utf8 } from "../net/pipe.ts";

const OPENING = utf8("opening ");

/** A parked connection, and those that the client comes with when it is asked, or `another`. */
function bench(comes: boolean | "never" = true, another?: Duplex | Promise<Duplex>) {
  const clock = new ManualClock();
  const [near, first] = pipe();
  const asked: PipeEnd[] = [];
  let replaced = 0;
  let aborted = false;
  const conn = new Doubted(new ReadAhead(near, () => {}), {
    opening: OPENING,
    schedule: clock.schedule,
    another(signal): Promise<Duplex | undefined> {
      signal.addEventListener("abort", () => aborted = true);
      if (comes === "never") {
        return new Promise((_, reject) =>
          signal.addEventListener("abort", () => reject(new Error("aborted")))
        );
      }
      if (another !== undefined) return Promise.resolve(another);
      const [mine, theirs] = pipe();
      asked.push(theirs);
      return Promise.resolve(comes ? mine : undefined);
    },
    onReplaced: () => replaced++,
  });
  const read = async (): Promise<string | null> => {
    const p = new Uint8Array(100);
    const n = await conn.read(p);
    return n === null ? null : text(p.subarray(0, n));
  };
  return {
    clock,
    conn,
    first,
    asked,
    read,
    get replaced() {
      return replaced;
    },
    get aborted() {
      return aborted;
    },
  };
}

/** Lets everything happen that can without time passing. */
function settled(): Promise<void> {
  return new Promise((done) => setTimeout(done));
}

async function readSome(conn: Duplex): Promise<string> {
  const p = new Uint8Array(100);
  return text(p.subarray(0, (await conn.read(p))!));
}

Deno.test("Doubted leaves a client alone that answers in time, and is the connection then", async () => {
  const it = bench();
  const reading = it.read();
  await it.first.write(utf8("hello"));
  assert.equal(await reading, "hello");
  it.clock.advance(10 * DOUBT_MS);
  await it.conn.write(utf8("more"));
  assert.equal(await readSome(it.first), "more");
  await it.conn.closeWrite();
  assert.equal(await it.first.read(new Uint8Array(1)), null);
  it.conn.close();
  assert.deepEqual([it.asked.length, it.replaced, it.clock.waiting], [0, 0, 0]);
});

Deno.test("Doubted puts another in the place of one that is silent, and tells it all that was said", async () => {
  const it = bench();
  const reading = it.read();
  await it.conn.write(utf8("early "));
  it.clock.advance(DOUBT_MS);
  await settled();
  await it.conn.write(utf8("data"));
  await it.conn.closeWrite();
  const [second] = it.asked;
  assert.equal(text(await readAll(second!)), "opening early data");
  await second!.write(utf8("hello"));
  assert.equal(await reading, "hello");
  assert.equal(it.replaced, 1);
  // The first is closed: a client that sees it knows that nobody is there.
  assert.equal(text(await readAll(it.first)), "early data");
  await second!.closeWrite();
  assert.equal(await it.read(), null);
});

for (
  const [how, end] of [
    ["ends", (conn: PipeEnd) => conn.close()],
    ["is reset", (conn: PipeEnd) => conn.reset()],
  ] as const
) {
  Deno.test(`Doubted asks for another at once where the first ${how} before it answers`, async () => {
    const it = bench();
    const reading = it.read();
    end(it.first);
    await settled();
    assert.equal(it.asked.length, 1);
    // Whatever the visitor says meanwhile is no failure of theirs.
    await it.conn.write(utf8("data"));
    await it.asked[0]!.write(utf8("hello"));
    assert.equal(await reading, "hello");
    assert.equal(await readSome(it.asked[0]!), "opening ");
  });
}

Deno.test("Doubted keeps a client that was only slow, where it answers first", async () => {
  const it = bench();
  const reading = it.read();
  it.clock.advance(DOUBT_MS);
  await settled();
  await it.first.write(utf8("late"));
  assert.equal(await reading, "late");
  await settled();
  assert.equal(it.replaced, 0);
  assert.equal(text(await readAll(it.asked[0]!)), "opening ");
});

Deno.test("Doubted keeps one of two that answer in the same moment, and closes the other", async () => {
  const it = bench();
  const reading = it.read();
  it.clock.advance(DOUBT_MS);
  await settled();
  const second = it.asked[0]!;
  await Promise.all([second.write(utf8("second")), it.first.write(utf8("first"))]);
  const said = await reading;
  await settled();
  assert.equal(said, it.replaced === 1 ? "second" : "first");
  const [kept, other] = it.replaced === 1 ? [second, it.first] : [it.first, second];
  await readAll(other);
  await kept.write(utf8("more"));
  assert.equal(await it.read(), "more");
});

Deno.test("Doubted waits for no other once the first answers, and calls off what it asked for", async () => {
  const it = bench("never");
  const reading = it.read();
  it.clock.advance(DOUBT_MS);
  await settled();
  await it.first.write(utf8("late"));
  await settled();
  assert.ok(it.aborted);
  assert.equal(await reading, "late");
  assert.equal(it.replaced, 0);
});

Deno.test("Doubted closes one that comes when the first has answered by then", async () => {
  const late = Promise.withResolvers<Duplex>();
  const it = bench(true, late.promise);
  const reading = it.read();
  it.clock.advance(DOUBT_MS);
  await settled();
  await it.first.write(utf8("late"));
  assert.equal(await reading, "late");
  const [mine, theirs] = pipe();
  late.resolve(mine);
  assert.equal(text(await readAll(theirs)), "");
  assert.equal(it.replaced, 0);
});

Deno.test("Doubted keeps the first where no other comes, or the other ends", async () => {
  for (const comes of [true, false]) {
    const it = bench(comes);
    const reading = it.read();
    it.clock.advance(DOUBT_MS);
    await settled();
    it.asked[0]?.close();
    await settled();
    await it.first.write(utf8("late"));
    assert.equal(await reading, "late");
    assert.equal(it.replaced, 0);
  }
});

Deno.test("Doubted tells the end of the first where there is no other", async () => {
  const it = bench(false);
  it.first.close();
  assert.equal(await it.read(), null);
});

Deno.test("Doubted asks for none when the visitor left, and calls off what it asked for", async () => {
  const gone = bench();
  gone.conn.close();
  await settled();
  assert.deepEqual([gone.asked.length, gone.clock.waiting], [0, 0]);

  const it = bench("never");
  it.clock.advance(DOUBT_MS);
  await settled();
  it.conn.close();
  await settled();
  assert.ok(it.aborted);
  assert.equal(it.clock.waiting, 0);
});

Deno.test("Doubted keeps no more of what a visitor says than it may", async () => {
  const it = bench(false);
  const piece = new Uint8Array(20 * 1024);
  await it.conn.write(piece);
  let taken = false;
  const writing = it.conn.write(piece).then(() => taken = true);
  await settled();
  assert.ok(!taken);
  await it.first.write(utf8("hello"));
  await writing;
  assert.equal(await it.read(), "hello");
});

/** A connection whose peer takes nothing and says nothing; `close` ends what waits. */
function stuck(): Duplex & { closed: boolean } {
  const over = Promise.withResolvers<never>();
  over.promise.catch(() => {});
  return {
    closed: false,
    read: () => over.promise,
    write: () => over.promise,
    closeWrite: () => Promise.resolve(),
    close() {
      this.closed = true;
      over.reject(new Error("closed"));
    },
  };
}

Deno.test("Doubted gives back one that takes nothing, once it is closed or the first answers", async () => {
  for (const answers of [false, true]) {
    const second = stuck();
    const it = bench(true, second);
    const reading = it.read().catch(() => null);
    it.clock.advance(DOUBT_MS);
    await settled();
    if (answers) await it.first.write(utf8("late"));
    else it.conn.close();
    await settled();
    assert.equal(second.closed, true);
    assert.equal(await reading, answers ? "late" : null);
    assert.equal(it.replaced, 0);
  }
});
