import assert from "node:assert/strict";
import { JsonLine } from "../../lib/net/json_line.ts";
import { temporaryFolder } from "../certificate/helpers.ts";

/** Two ends of a line between which nothing is. */
async function ends() {
  const folder = temporaryFolder();
  const where = { transport: "unix", path: `${folder.path}/line` } as const;
  using listener = Deno.listen(where);
  const [one, other] = await Promise.all([Deno.connect(where), listener.accept()]);
  return {
    one: new JsonLine<unknown, unknown>(one),
    other: new JsonLine<unknown, unknown>(other),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

Deno.test("JsonLine carries what is said, in order, until either side closes it", async () => {
  await using line = await ends();
  const heard: unknown[] = [];
  const hearing = line.other.hear((what) => void heard.push(what));
  for (let i = 0; i < 1_000; i++) line.one.say(i);
  while (heard.length < 1_000) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.deepEqual(heard, Array.from({ length: 1_000 }, (_, i) => i));
  line.one.close();
  await Promise.all([hearing, line.one.closed, line.other.closed]);
});

Deno.test("JsonLine tells what went wrong with what was heard, and is closed", async () => {
  await using line = await ends();
  const hearing = line.other.hear(() => {
    throw new Error("a fault");
  });
  line.one.say(1);
  await assert.rejects(hearing, /a fault/);
  await line.other.closed;
  await line.one.hear(() => {});
});

Deno.test("JsonLine is closed once too much waits for a process that takes nothing", async () => {
  await using line = await ends();
  let isClosed = false;
  line.one.closed.then(() => isClosed = true);
  const word = "x".repeat(1024);
  // As the names of all who are online may be, where they are a million.
  line.one.say(word.repeat(32 * 1024));
  let words = 0;
  for (; !isClosed && words < 16 * 1024; words++) {
    line.one.say(word);
    await Promise.resolve();
  }
  assert.ok(isClosed, "all that is said is kept");
  assert.ok(words > 4 * 1024, `closed after ${words} words`);
  const heard: unknown[] = [];
  // What the system took by then is no whole word.
  await line.other.hear((what) => heard.push(what)).catch(() => {});
  assert.deepEqual(heard, []);
});
