import assert from "node:assert/strict";
import { comparison, rowsOf } from "../../scripts/bench/compare.ts";
import type { Row } from "../../scripts/bench/table.ts";
import { verdicts } from "../../scripts/bench/verdicts.ts";

function row(target: string, values: Row["values"], section = "burst"): Row {
  return { section, target, case: "one", values };
}

Deno.test("comparison() tells each value by that of the earlier run, and nothing of what is new", () => {
  const earlier = [row("a", { p50Ms: 4, p99Ms: 0 }), row("gone", { p50Ms: 1 })];
  const now = [row("a", { p50Ms: 6, p99Ms: 3, fresh: 1 }), row("b", { p50Ms: 1 })];
  assert.equal(comparison(now, earlier), "burst, one: a: p50Ms x 1.50\n");
});

Deno.test("rowsOf() reads what --json wrote, and names a file that is none", async () => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, JSON.stringify({ rows: [row("a", { p50Ms: 4 })] }));
    assert.deepEqual(await rowsOf(file), [row("a", { p50Ms: 4 })]);
    for (const other of ["{}", "no JSON"]) {
      await Deno.writeTextFile(file, other);
      await assert.rejects(rowsOf(file), ({ message }: Error) => message.includes(file));
    }
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("verdicts() wants ours by another tunnel's to be less, but for throughput", () => {
  const found = verdicts([row("frp", { pageP99Ms: 0.9, gbps1: 0.9 }, "tunnels, ours by theirs")]);
  assert.deepEqual(
    found.map(({ what, bound, passed }) => [what, bound, passed]),
    [["pageP99Ms / frp's", "most", true], ["gbps1 / frp's", "least", false]],
  );
});

Deno.test("verdicts() bounds what a client and a pair may take, and not what a bare server does", () => {
  const found = verdicts([
    row("glossond", { rssKbEach: 32, descriptorsEach: 3 }, "clients"),
    row("bare, node:tls in place", { rssKbEach: 50 }, "clients"),
    row("glossond", { rssKbEach: 23 }, "memory"),
    row("glossond", { rssMbEach: 23 }, "start"),
  ]);
  assert.deepEqual(
    found.map(({ limit, passed }) => [limit, passed]),
    [[32, true], [1, false], [22, false]],
  );
});
