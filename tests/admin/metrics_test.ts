import assert from "node:assert/strict";
import type { Figures } from "../../lib/admin/figures.ts";
import { createMetrics, metricTexts } from "../../lib/admin/metrics.ts";

/** Figures whose numbers are all different, so that none can pass for another. */
const FIGURES: Figures = {
  listeners: () => [
    { name: "hub", active: 1, accepted: 2, refused: 3, acceptErrors: 4, handlerErrors: 5 },
    { name: "data", active: 6, accepted: 7, refused: 8, acceptErrors: 9, handlerErrors: 10 },
  ],
  clients: () => ({ online: 11, parked: 12, unreachable: 40 }),
  visitors: () => ({ joined: 13, hellos: 14 }),
  accounts: () => Promise.resolve({ total: 15, blocked: 16 }),
  certificate: () => ({
    names: ["glosson.example"],
    issuer: "CN=Test",
    notBefore: 12_000,
    notAfter: 17_000,
    selfSigned: false,
    renewAt: 0,
    failures: 18,
  }),
  issuance: () => Promise.resolve({ waiting: 19, running: 20, newNamesThisWeek: 21 }),
  bioRunning: () => 22,
  limits: () => [{ name: "visitors", used: 23, max: 24 }],
};

Deno.test("createMetrics() names as many users as it is told, and counts the others together", async () => {
  const build = { version: "1.2.3", commit: "abc" };
  const metrics = createMetrics(build, { maxUsers: 2 });
  const { users } = metrics.counters;
  for (const name of ["kaylee", "zoe", "inara", "kaylee", "wash"]) users.visited(name);
  for (const name of ["wash", "kaylee", "inara"]) users.passed(name, 100);
  const { body } = await metrics.render(false);
  assert.deepEqual(body.split("\n").filter((line) => line.startsWith("glossond_user_")), [
    'glossond_user_visitors_total{user="kaylee"} 2',
    'glossond_user_visitors_total{user="zoe"} 1',
    'glossond_user_visitors_total{user="_other"} 2',
    'glossond_user_bytes_total{user="kaylee"} 100',
    'glossond_user_bytes_total{user="zoe"} 0',
    'glossond_user_bytes_total{user="_other"} 200',
  ]);
  const without = createMetrics(build);
  without.counters.users.visited("kaylee");
  assert.doesNotMatch((await without.render(false)).body, /kaylee|glossond_user_/);
});

Deno.test("createMetrics() names the relay at every value, where it has a name", async () => {
  const build = { version: "1.2.3", commit: "abc" };
  const metrics = createMetrics(build, { relay: "relay-2" });
  metrics.watch(FIGURES);
  for (const openMetrics of [true, false]) {
    const { body } = await metrics.render(openMetrics);
    const values = body.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    assert.ok(values.length > 30);
    for (const line of values) assert.match(line, /[{,]relay="relay-2"/);
  }
});

async function linesOf(openMetrics: boolean): Promise<string[]> {
  const metrics = createMetrics({ version: "1.2.3", commit: "abc" });
  metrics.watch(FIGURES);
  for (const outcome of ["parked", "parked", "offline", "no-name"]) {
    metrics.counters.outcome(outcome, outcome !== "no-name");
  }
  metrics.counters.dataRefusals.add("ticket");
  metrics.counters.bios.add("found");
  metrics.joined({ how: "parked" });
  metrics.joined({ how: "dialled", dialMs: 60 });
  metrics.parted({ forward: 1000, backward: 4000 });
  metrics.loopDelay(0.03);
  return (await metrics.render(openMetrics)).body.split("\n");
}

Deno.test("every figure is a metric of its own", async () => {
  const lines = await linesOf(true);
  for (
    const line of [
      'glossond_build_info{version="1.2.3",commit="abc"} 1',
      'glossond_connections{listener="hub"} 1',
      'glossond_connections_accepted_total{listener="hub"} 2',
      'glossond_connections_refused_total{listener="hub"} 3',
      'glossond_accept_errors_total{listener="hub"} 4',
      'glossond_connection_bugs_total{listener="hub"} 5',
      'glossond_connection_bugs_total{listener="data"} 10',
      "glossond_sessions 11",
      "glossond_parked_connections 12",
      "glossond_unreachable_clients 40",
      "glossond_joined_visitors 13",
      "glossond_hellos 14",
      "glossond_accounts 15",
      "glossond_blocked_names 16",
      "glossond_certificate_expiry_timestamp_seconds 17",
      "glossond_certificate_lifetime_seconds 5",
      "glossond_certificate_order_failures 18",
      'glossond_certificate_orders{state="waiting"} 19',
      'glossond_certificate_orders{state="running"} 20',
      "glossond_certificate_new_names_week 21",
      "glossond_bio_commands_running 22",
      'glossond_limit_used{limit="visitors"} 23',
      'glossond_limit{limit="visitors"} 24',
      'glossond_visitors_total{outcome="parked"} 2',
      'glossond_visitors_total{outcome="offline"} 1',
      'glossond_refusals_total{reason="no-name"} 1',
      'glossond_data_refusals_total{reason="ticket"} 1',
      'glossond_bio_commands_total{result="found"} 1',
      'glossond_joins_total{how="parked"} 1',
      'glossond_joins_total{how="dialled"} 1',
      'glossond_joined_bytes_total{to="client"} 1000',
      'glossond_joined_bytes_total{to="visitor"} 4000',
      'glossond_dial_seconds_bucket{le="0.05"} 0',
      'glossond_dial_seconds_bucket{le="0.1"} 1',
      'glossond_join_size_bytes_bucket{le="4096"} 0',
      'glossond_join_size_bytes_bucket{le="16384"} 1',
      'glossond_event_loop_delay_seconds_bucket{le="0.05"} 1',
    ]
  ) assert.ok(lines.includes(line), `${line} is missing in\n${lines.join("\n")}`);
  assert.equal(lines.filter(Boolean).at(-1), "# EOF");
});

Deno.test("metricTexts() has each metric that is rendered, by the name that its values have", async () => {
  const metrics = createMetrics({ version: "1.2.3", commit: "abc" }, { maxUsers: 1 });
  metrics.watch({ ...FIGURES, hopBytes: () => 25 });
  const { body } = await metrics.render(false);
  const rendered = [...body.matchAll(/^# HELP (\S+) (.+)$/gm)].map((
    [, name, help],
  ) => [name, help]);
  assert.ok(rendered.length > 30);
  assert.deepEqual(metricTexts(), rendered);
});

Deno.test("the older text format has the same samples", async () => {
  const samples = (lines: string[]): string[] =>
    lines.filter((line) => /^glossond_/.test(line)).sort();
  const older = await linesOf(false);
  assert.deepEqual(samples(older), samples(await linesOf(true)));
  assert.ok(older.includes("# TYPE glossond_visitors_total counter"));
  assert.ok(!older.includes("# EOF"));
});
