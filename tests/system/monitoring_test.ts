import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { freePort } from "../../scripts/ports.ts";
import { run } from "../../scripts/run.ts";
import { startServer } from "../../scripts/server.ts";
import { temporaryFolder } from "../certificate/helpers.ts";
import { metricsOf } from "../stories/metrics.ts";
import { startRelay } from "../stories/relay.ts";
import { serveUser, signUp, visit } from "../stories/user.ts";

/** The dashboard shows this one of several relays. */
const RELAY = "relay-2";

const MONITORING = fileURLToPath(new URL("../../examples/monitoring/", import.meta.url));

/** Runs promtool and fails with what it says. */
async function promtool(args: string[], input?: string): Promise<void> {
  const { code, text } = await run("promtool", args, { input });
  assert.equal(code, 0, `promtool ${args.join(" ")}: ${text}`);
  // It exits with 0 where it only has advice.
  assert.doesNotMatch(text, /error|should|FAILED/i, `promtool ${args.join(" ")}: ${text}`);
}

/** Every PromQL expression of the dashboard. */
async function dashboardExpressions(): Promise<string[]> {
  const text = await Deno.readTextFile(`${MONITORING}grafana-dashboard.json`);
  const found: string[] = [];
  JSON.parse(text, (key, value) => {
    if (key === "expr") found.push(value.replaceAll("$relay", RELAY));
    return value;
  });
  return found;
}

/** Whether a Prometheus answers questions. */
async function isReady(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/-/ready`);
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** A Prometheus that scrapes a relay by the example configuration. */
async function startPrometheus(adminPort: number): Promise<
  AsyncDisposable & { query(expression: string): Promise<{ value: [number, string] }[]> }
> {
  await using stack = new AsyncDisposableStack();
  const dir = await Deno.makeTempDir({ prefix: "glossond-prometheus-" });
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const port = freePort();
  const config = await Deno.readTextFile(`${MONITORING}prometheus.yml`);
  await Deno.writeTextFile(
    `${dir}/prometheus.yml`,
    config.replace("127.0.0.1:8445", `127.0.0.1:${adminPort}`).replace("15s", "1s"),
  );
  await Deno.copyFile(`${MONITORING}alerts.yml`, `${dir}/alerts.yml`);
  stack.use(
    await startServer("Prometheus", [
      ...["prometheus", `--config.file=${dir}/prometheus.yml`],
      ...[`--storage.tsdb.path=${dir}/data`, `--web.listen-address=127.0.0.1:${port}`],
    ], { isUp: () => isReady(port), withinMs: 30_000 }),
  );
  async function get(path: string): Promise<{ status: string; error?: string; data: unknown }> {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return await response.json();
  }
  const started = stack.move();
  return {
    async query(expression) {
      const answer = await get(`/api/v1/query?query=${encodeURIComponent(expression)}`);
      assert.equal(answer.status, "success", `${expression}: ${answer.error}`);
      return (answer.data as { result: { value: [number, string] }[] }).result;
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

Deno.test("promtool accepts the example rules, their tests and the scrape configuration", async () => {
  await promtool(["check", "rules", `${MONITORING}alerts.yml`]);
  await promtool(["test", "rules", `${MONITORING}alerts_test.yml`]);
  await promtool(["check", "config", `${MONITORING}prometheus.yml`]);
});

/** The expression of an alert, as one line. */
async function alertExpression(name: string): Promise<string> {
  const text = await Deno.readTextFile(`${MONITORING}alerts.yml`);
  const [, rule] = text.split(`- alert: ${name}\n`);
  return /expr: >?([^]+?)\n\s+(?:for|labels):/.exec(rule!)![1]!.replaceAll(/\s+/g, " ").trim();
}

/** The dashboard's expression that decides on a panel's colour, and where it is red: below that. */
async function redBelow(title: string): Promise<{ expression: string; below: number }> {
  const { panels } = JSON.parse(
    await Deno.readTextFile(`${MONITORING}grafana-dashboard.json`),
  );
  const { targets, fieldConfig } = panels.find((panel: { title: string }) => panel.title === title);
  const [red, next] = fieldConfig.defaults.thresholds.steps;
  assert.deepEqual([red.color, red.value], ["red", null]);
  return { expression: targets.at(-1).expr.replaceAll("$relay", RELAY), below: next.value };
}

Deno.test("the dashboard's certificate is red exactly when its alert counts", async () => {
  const alert = await alertExpression("GlossondCertificateExpiresSoon");
  const { expression, below } = await redBelow("Certificate left");
  const isRed = `((${expression}) < bool ${below})`;
  const counts = `(count(${alert}) or vector(0))`;
  await using folder = temporaryFolder();
  const dayS = 86_400;
  const tests = [90, 45, 160 / 24].flatMap((days) =>
    [-0.01, 0.01, 0.1, 0.16, 0.17, 0.3, 0.9].map((share) => ({
      input_series: [
        ["expiry_timestamp", days * share * dayS],
        ["lifetime", days * dayS],
      ].map(([what, value]) => ({
        series: `glossond_certificate_${what}_seconds{relay="${RELAY}"}`,
        values: `${value}`,
      })),
      promql_expr_test: [{
        expr: `${isRed} == bool scalar(${counts})`,
        exp_samples: [{ labels: "{}", value: 1 }],
      }],
    }))
  );
  // JSON is YAML.
  const file = `${folder.path}/same.yml`;
  await Deno.writeTextFile(file, JSON.stringify({ tests }));
  await promtool(["test", "rules", file]);
});

Deno.test("Prometheus reads /metrics, and every metric that rules and dashboard name is there", async () => {
  await using relay = await startRelay({ settings: { RELAY_ID: RELAY } });
  const user = await signUp(relay, "kaylee");
  {
    await using _server = await serveUser(relay, user, () => new Response("hello"));
    await visit(relay, user.hostname);
  }
  // Plain HTTP on the hub, a name that is not ours, a bad ticket: so each counter has a sample.
  for (const [listener, bytes] of [["hub", "\x16\x03\x01\0\x02\x02\0"], ["data", "x".repeat(33)]]) {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: relay.ports[listener!]! });
    await conn.write(new TextEncoder().encode(bytes));
    await conn.read(new Uint8Array(99));
    conn.close();
  }
  const text = await metricsOf(relay);
  await promtool(["check", "metrics"], text);

  await using prometheus = await startPrometheus(relay.ports.admin!);
  for (let tries = 0; (await prometheus.query('up{job="glossond"} == 1')).length === 0; tries++) {
    assert.ok(tries < 300, "Prometheus cannot scrape the relay");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const expressions = await dashboardExpressions();
  assert.ok(expressions.length > 20);
  const rules = await Deno.readTextFile(`${MONITORING}alerts.yml`);
  const names = new Set(
    [...expressions, rules].join("\n").match(/\b(?:glossond|process|nodejs)_[a-z_]+/g),
  );
  for (const name of names) {
    assert.ok((await prometheus.query(name)).length > 0, `the relay has no metric ${name}`);
  }
  for (const expression of expressions) {
    await prometheus.query(expression);
    // Each value has the name of the relay, and of several shows those that were chosen.
    const values = expression.match(/\b(?:glossond|process|nodejs)_[a-z_]+/g) ?? [];
    const chosen = expression.match(new RegExp(`relay=~"${RELAY}"`, "g")) ?? [];
    assert.equal(chosen.length, values.length, expression);
  }
  const version = expressions.find((expression) => expression.includes("build_info"))!;
  assert.equal((await prometheus.query(version)).length, 1);
  assert.equal((await prometheus.query(version.replace(RELAY, "relay-1"))).length, 0);
  const [joins] = await prometheus.query('glossond_joins_total{how="dialled"}');
  assert.equal(joins?.value[1], "1");
});
