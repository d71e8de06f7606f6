import assert from "node:assert/strict";
import { codes } from "../../lib/command/explain.ts";
import { CLOSE_TEXTS } from "../../lib/wire/closes.ts";
import { CLOSE, DATA_PATH_WORDS } from "../../lib/wire/messages.ts";
import { PROBLEMS } from "../../lib/wire/problems.ts";
import { codesDocument } from "../../scripts/codes_table.ts";
import { glossond } from "../stories/admin_command.ts";
import { ROOT } from "../stories/relay.ts";

Deno.test("explain tells each outcome, problem and close code, and examples/CODES.md the same", async () => {
  const all = codes();
  const known = all.map(({ code }) => code);
  const told = all.map(({ code, kind }) => `${kind} ${code}`);
  assert.equal(new Set(told).size, told.length, "a code means two things in one place");
  for (const code of [...Object.keys(PROBLEMS), ...Object.values(CLOSE).map(String)]) {
    assert.ok(known.includes(code), code);
  }
  for (const code of ["parked", "limit-rate", "not-tls", "data-ticket", "1013", "4403"]) {
    assert.ok(known.includes(code), code);
  }
  // What `status` shows besides, and the metrics.
  for (const code of ["replaced", "found", "not-found", "unavailable", "busy"]) {
    assert.ok(all.some((one) => one.code === code && !one.kind.startsWith("problem")), code);
  }
  for (
    const code of ["glossond_refusals_total", "glossond_sessions", "process_cpu_seconds_total"]
  ) {
    assert.ok(known.includes(code), code);
  }
  // What clients say of their way, and the log and `users show` with them.
  const ways = all.filter(({ kind }) => kind === "way of a client").map(({ code }) => code);
  assert.deepEqual(ways, [...DATA_PATH_WORDS]);
  for (const code of ["data-full", "setup", "unreachable", "misdirected"]) {
    assert.ok(known.includes(code), code);
  }
  for (const { code, text } of all) {
    assert.ok(text.length > 10, code);
    assert.doesNotMatch(text, /^the visitor (the|there|it|a) /, "two subjects in one sentence");
  }
  assert.equal(Object.keys(CLOSE_TEXTS).length, 8);
  assert.equal(await Deno.readTextFile(`${ROOT}examples/CODES.md`), codesDocument());
});

Deno.test("glossond explain finds a code as it is told anywhere, and what is like one that is not", async () => {
  const one = await glossond("/nowhere", "explain", "urn:glosson:problem:Suspended");
  assert.equal(one.code, 0, one.text);
  assert.match(
    one.stdout,
    /^suspended \(problem, 403\): That username is suspended: the operator has/,
  );
  const listed = JSON.parse((await glossond("/nowhere", "explain", "--json")).stdout);
  assert.equal(listed.length, codes().length);
  const label = await glossond("/nowhere", "explain", "ticket");
  assert.match(label.stdout, /^data-ticket \(data port\): /);
  const none = await glossond("/nowhere", "explain", "limit-rats");
  assert.deepEqual([none.code, none.stderr], [
    1,
    'glossond: there is no code "limit-rats"; did you mean limit-rate?\n',
  ]);
});

Deno.test("glossond explain tells all in lines of a terminal", async () => {
  const { stdout } = await glossond("/nowhere", "explain");
  assert.deepEqual(stdout.split("\n").filter((line) => line.length > 80), []);
  assert.match(stdout, /^parked \(visitor, served\): the visitor joined with the client/m);
});
