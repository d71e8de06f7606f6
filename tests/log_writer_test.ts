import assert from "node:assert/strict";
import { createLog } from "../lib/log.ts";
import { type LineSink, LogWriter } from "../lib/log_writer.ts";

/** A reader that takes bytes when it is told to. */
class Reader implements LineSink {
  text = "";
  #asked = Promise.withResolvers<void>();
  #give: ((n: number | Error) => void) | undefined;

  /** Each of at most `n` bytes; fails the write for an error. */
  async take(n: number | Error): Promise<void> {
    await this.#asked.promise;
    this.#asked = Promise.withResolvers();
    this.#give!(n);
  }

  write(p: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#give = (n) => {
        if (n instanceof Error) return reject(n);
        const part = p.subarray(0, n);
        this.text += new TextDecoder().decode(part);
        resolve(part.length);
      };
      this.#asked.resolve();
    });
  }
}

Deno.test("a LogWriter keeps lines in order, whatever a write takes of them", async () => {
  const reader = new Reader();
  const writer = new LogWriter(reader);
  assert.deepEqual(["one", "two"].map((line) => writer.write(line)), [true, true]);
  for (const n of [1, 1, 1]) await reader.take(n);
  writer.write("three");
  for (const n of [9, 2, 9, 9]) await reader.take(n);
  await writer.flush();
  assert.equal(reader.text, "one\ntwo\nthree\n");
});

Deno.test("a LogWriter drops what is too much for a reader that stands still, and the log tells how much", async () => {
  const reader = new Reader();
  const writer = new LogWriter(reader, { maxWaitingBytes: 100 });
  const log = createLog({
    format: "text",
    journal: true,
    level: "debug",
    write: (line) => writer.write(line),
  });
  log.info("first");
  for (let i = 0; i < 50; i++) log.info("of many", { i });
  while (!reader.text.includes("i=5\n")) await reader.take(99);
  await writer.flush();
  log.info("last");
  for (let i = 0; i < 2; i++) await reader.take(99);
  await writer.flush();
  assert.match(
    reader.text,
    /^<6>first\n(<6>of many i=\d\n){6}<4>log lines were dropped, .* lines=44\n<6>last\n$/,
  );
});

Deno.test("a LogWriter goes on with the next line where one cannot be written", async () => {
  const reader = new Reader();
  const writer = new LogWriter(reader);
  writer.write("one");
  writer.write("two");
  await reader.take(new Error("no space left"));
  await reader.take(99);
  await writer.flush();
  assert.equal(reader.text, "two\n");
});

Deno.test("a LogWriter tries a line again where another program made its reader's pipe one that does not wait", async () => {
  const reader = new Reader();
  const writer = new LogWriter(reader);
  writer.write("one");
  writer.write("two");
  await reader.take(2);
  for (let i = 0; i < 2; i++) await reader.take(new Deno.errors.WouldBlock());
  for (const n of [99, 99]) await reader.take(n);
  await writer.flush();
  assert.equal(reader.text, "one\ntwo\n");
});

Deno.test("a LogWriter writes a line that comes as it ends with the one before", async () => {
  // So many steps after that one was taken.
  for (let steps = 0; steps < 10; steps++) {
    const written: string[] = [];
    const taken = Promise.withResolvers<void>();
    const writer = new LogWriter({
      async write(p) {
        written.push(new TextDecoder().decode(p));
        if (written.length === 1) await taken.promise;
        return p.length;
      },
    });
    writer.write("one");
    taken.resolve();
    for (let step = 0; step < steps; step++) await Promise.resolve();
    writer.write("two");
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.deepEqual(written, ["one\n", "two\n"], `after ${steps} steps`);
  }
});
