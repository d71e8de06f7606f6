import assert from "node:assert/strict";
import { LineLog } from "../../scripts/line_log.ts";

/** What a process writes, as the test has it. */
function output(): {
  stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  write(text: string): void;
  end(): void;
} {
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>>();
  const writer = writable.getWriter();
  return {
    stream: readable,
    write: (text) => void writer.write(new TextEncoder().encode(text)),
    end: () => void writer.close(),
  };
}

Deno.test("LineLog keeps the lines of all streams, however they are cut, each parsed", async () => {
  const [one, other] = [output(), output()];
  const log = new LineLog([one.stream, other.stream], Number);
  for (const text of ["1", "2\n3\n", "4"]) one.write(text);
  one.end();
  await log.first((line) => line === 3, "3");
  other.write("5\n");
  other.end();
  await log.ended;
  assert.deepEqual(log.lines.toSorted(), [12, 3, 4, 5]);
  assert.equal(log.last.split("\n").length, 4);
});

Deno.test("LineLog.first() shows each line once, past and to come, up to the one that is found", async () => {
  const { stream, write, end } = output();
  const log = new LineLog([stream], String);
  write("a1\nb2\n");
  assert.equal(await log.first((line) => line.startsWith("b") && line, "b"), "b2");
  const shown: string[] = [];
  const found = log.first((line) => {
    shown.push(line);
    return /^c(\d)/.exec(line);
  }, "a c");
  write("c\nc3\nc4\n");
  end();
  assert.equal((await found)[1], "3");
  assert.equal((await log.first((line) => /^c(\d)/.exec(line), "a c"))[1], "3");
  await log.ended;
  assert.deepEqual(shown, ["a1", "b2", "c", "c3"]);
});

Deno.test("LineLog.first() fails with the last lines at the end, and when it takes too long", async () => {
  const { stream, write, end } = output();
  const log = new LineLog([stream], (line) => ({ line }));
  write("a\n");
  await assert.rejects(log.first(() => false, "a b", 0), /Cannot find a b: not within 0 ms/);
  const found = assert.rejects(
    log.first(({ line }) => line === "b", "a b"),
    /Cannot find a b: the process ended; the last lines:\n\{"line":"a"\}$/,
  );
  end();
  await found;
  await assert.rejects(log.first(() => undefined, "a b"), /the process ended/);
});
