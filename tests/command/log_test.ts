import assert from "node:assert/strict";
import { createLog, type LogOptions } from "../../lib/log.ts";
import { hasUnseen } from "../../lib/wire/unseen.ts";
import { UNSEEN_CHARACTERS } from "../wire/unseen_characters.ts";

function lines(options: Partial<LogOptions>): string[] {
  const written: string[] = [];
  const log = createLog({
    level: "debug",
    now: () => 0,
    write: (line) => written.push(line),
    ...options,
  });
  log.debug("one", { a: 1 });
  log.info("two");
  log.warn("three", { name: "a b\n<0>forged" });
  log.error("four", { error: new Error("why") });
  return written;
}

Deno.test("createLog() gives journald priorities, and leaves the time to it", () => {
  assert.deepEqual(lines({ journal: true }), [
    "<7>one a=1",
    "<6>two",
    '<4>three name="a b\\n<0>forged"',
    "<3>four error=why",
  ]);
  const [first] = lines({ journal: true, format: "json" });
  assert.equal(
    first,
    '<7>{"time":"1970-01-01T00:00:00.000Z","level":"debug","message":"one","a":1}',
  );
});

Deno.test("createLog() writes text for people, one line a call", () => {
  assert.deepEqual(lines({}).slice(0, 2), [
    "1970-01-01T00:00:00.000Z debug one a=1",
    "1970-01-01T00:00:00.000Z info  two",
  ]);
});

Deno.test("setLevel() counts from the next line on", () => {
  const written: string[] = [];
  const log = createLog({ level: "warn", journal: true, write: (line) => written.push(line) });
  log.info("one");
  assert.equal(log.debugEnabled, false);
  log.setLevel("debug");
  log.debug("two");
  assert.equal(log.debugEnabled, true);
  log.setLevel("error");
  log.warn("three");
  assert.deepEqual(written, ["<7>two"]);
});

Deno.test("createLog() loses a line that cannot be written or rendered, and nothing else", () => {
  const written: string[] = [];
  let reader = true;
  for (const format of ["text", "json"] as const) {
    const log = createLog({
      format,
      level: "debug",
      write(line) {
        if (!reader) throw new Deno.errors.BrokenPipe("Broken pipe (os error 32)");
        written.push(line);
      },
    });
    reader = false;
    for (const level of ["debug", "info", "warn", "error"] as const) log[level]("lost");
    reader = true;
    const circle: Record<string, unknown> = {};
    circle.circle = circle;
    log.info("lost", { circle, big: 1n });
    log.info("kept");
  }
  assert.deepEqual(written.map((line) => line.includes("kept")), [true, true]);
});

Deno.test("createLog() writes no character that acts without being seen, wherever it stands", () => {
  for (const options of [{}, { journal: true }, { format: "json" }] as Partial<LogOptions>[]) {
    const written: string[] = [];
    const log = createLog({ ...options, write: (line) => written.push(line) });
    for (const char of UNSEEN_CHARACTERS) {
      const text = `a${char}b`;
      log.info("one", { text, error: new Error(text), list: [text], object: { [text]: text } });
    }
    assert.equal(written.length, UNSEEN_CHARACTERS.length);
    for (const line of written) assert.equal(hasUnseen(line), false, escape(line));
    if (options.format !== "json") continue;
    assert.deepEqual(written.map((line) => JSON.parse(line).text.slice(1, -1)), UNSEEN_CHARACTERS);
  }
});
