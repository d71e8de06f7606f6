import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import lengths from "../../scripts/lengths.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What the rules say of a text in a file of the project. */
function said(file: string, text: string): string[] {
  return Deno.lint.runPlugin(lengths, ROOT + file, text).map(({ message }) => message);
}

/** A function of so many lines. */
function ofLines(lines: number): string {
  return `function long(): void {\n${"  // And on.\n".repeat(lines - 2)}}\n`;
}

Deno.test("lengths bounds files and functions of the relay and its client", () => {
  const file = "// A line.\n".repeat(250);
  assert.deepEqual(said("lib/a.ts", file), []);
  assert.deepEqual(said("lib/a.ts", `${file}// One more.\n`), [
    "This file has 251 lines, more than 250",
  ]);
  assert.deepEqual(said("tests/a.ts", `${file}// One more.\n`), []);
  assert.deepEqual(said("examples/client/a.ts", ofLines(80)), []);
  assert.deepEqual(said("examples/client/a.ts", ofLines(81)), [
    "This function has 81 lines, more than 80",
  ]);
});

Deno.test("lengths wants a reason from who asks for more", () => {
  const ignore = "// deno-lint-ignore lengths/function";
  assert.deepEqual(said("lib/a.ts", `${ignore} -- a table\n`), []);
  assert.deepEqual(said("lib/a.ts", `${ignore}\n`), ["No reason is given for the length"]);
});
