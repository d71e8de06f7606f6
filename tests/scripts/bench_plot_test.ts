import assert from "node:assert/strict";
import { growthPlot } from "../../scripts/bench/growth.ts";
import { plot } from "../../scripts/bench/plot.ts";
import type { Row } from "../../scripts/bench/table.ts";

const LINES = [
  { name: "ours", points: [{ x: 1, y: 20 }, { x: 100, y: 200 }] },
  { name: "a < b", points: [{ x: 10, y: 20 }] },
];

Deno.test("plot() draws lines of one colour and shape a name on axes that begin and end at round values", () => {
  const svg = plot("Cost & time", [{ title: "memory, MB", x: "visitors", lines: LINES }], 1);
  const labels = [...svg.matchAll(/<text class="(?:end|middle)"[^>]*>([^<]*)</g)].map(([, text]) =>
    text
  );
  const across = ["1", "2", "5", "10", "20", "50", "100"];
  assert.deepEqual(labels, ["20", "50", "100", "200", ...across, "visitors"]);
  // From the lower left corner to the upper right one.
  const [, line = ""] = /class="line l0" d="(M[^"]*L[^"]*)"/.exec(svg)!;
  const [from, to] = line.slice(1).split("L").map((point) => point.split(" ").map(Number));
  assert.ok(from![0]! < to![0]! && from![1]! > to![1]!, line);
  assert.match(svg, /<title id="title">Cost &amp; time<\/title>/);
  assert.match(svg, /a &lt; b/);
  assert.match(svg, /prefers-color-scheme: dark/);
  assert.ok(!/NaN|undefined|Infinity/.test(svg));
});

Deno.test("plot() refuses what cannot be told apart, and what has no logarithm", () => {
  const panel = (lines: typeof LINES) => [{ title: "", x: "", lines }];
  const five = Array.from({ length: 5 }, (_, i) => ({ name: `${i}`, points: [{ x: 1, y: 1 }] }));
  assert.throws(() => plot("", panel(five), 1), /Cannot draw 5 lines: 4 can be told apart/);
  const none = [{ name: "", points: [{ x: 1, y: 0 }] }];
  assert.throws(() => plot("", panel(none), 1), /Cannot draw 0 on a logarithmic axis/);
});

Deno.test("growthPlot() has a panel for each value by clients and by visitors, as far as they were measured", () => {
  const row = (target: string, counted: string, count: number): Row => ({
    section: "growth",
    target,
    case: `${count} ${counted}`,
    values: { [counted]: count, rssMb: 80 + count / 50, cpuPercent: 3, p99Ms: 1.5 },
  });
  const rows = [row("glossond", "visitors", 1), row("glossond", "visitors", 1_000)];
  const panels = (svg = ""): number => svg.match(/class="name"/g)?.length ?? 0;
  assert.equal(panels(growthPlot(rows)), 3);
  assert.equal(panels(growthPlot([...rows, row("glossond", "clients", 100)])), 6);
  assert.equal(growthPlot([{ ...rows[0]!, section: "memory" }]), undefined);
});
