import assert from "node:assert/strict";
import { beginOfOneDay } from "../one_day.ts";
import { glossond } from "./admin_command.ts";
import { metricsOf } from "./metrics.ts";
import { type Relay, startRelay } from "./relay.ts";
import { serveUser, signUp, visit } from "./user.ts";

/** A visitor who stays until the page ends; its bytes. */
async function stay(relay: Relay, hostname: string): Promise<{ ended: Promise<number> }> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: relay.ports.hub! });
  const tls = await Deno.startTls(conn, { hostname, caCerts: [relay.ca] });
  await tls.write(new TextEncoder().encode(`GET /endless HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`));
  const chunk = new Uint8Array(65_536);
  let bytes = await tls.read(chunk) ?? 0;
  const ended = (async () => {
    // It is cut off, which is no end of TLS.
    for (let n; (n = await tls.read(chunk).catch(() => null)) !== null;) bytes += n;
    tls.close();
    return bytes;
  })();
  return { ended };
}

/** At `/endless` a page that sends 10 KiB every 50 ms, else a short one. */
function page(request: Request): Response {
  if (!request.url.endsWith("/endless")) return new Response("hello");
  let timer: ReturnType<typeof setInterval>;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      timer = setInterval(() => controller.enqueue(new Uint8Array(10_240)), 50);
    },
    cancel: () => clearInterval(timer),
  });
  return new Response(body);
}

Deno.test("a user's visitors and bytes are counted, shown and limited", async () => {
  await beginOfOneDay();
  await using relay = await startRelay({ settings: { METRICS_USERS: "1" } });
  const users = (...words: string[]) => glossond(relay.stateDir, "users", ...words);
  const show = async () => JSON.parse((await users("show", "kaylee", "--json")).stdout);
  const user = await signUp(relay, "kaylee");
  const other = await signUp(relay, "zoe");
  await using _server = await serveUser(relay, user, page);
  await using _other = await serveUser(relay, other, page);
  for (let i = 0; i < 2; i++) assert.equal((await visit(relay, user.hostname)).status, 200);
  assert.equal((await visit(relay, other.hostname)).status, 200);

  const { figures, limits, pool } = await show();
  const { bytesToClient, bytesToVisitors, lastVisitAt, ...counts } = figures;
  assert.ok(bytesToClient > 100 && bytesToVisitors > 1_000, JSON.stringify(figures));
  assert.ok(Math.abs(Date.parse(lastVisitAt) - Date.now()) < 60_000);
  assert.deepEqual(counts, {
    ...{ visitors: 2, dialledShare: 1, bytesToday: bytesToClient + bytesToVisitors },
  });
  assert.deepEqual([limits, pool], [{ connections: null, bytesPerDay: null }, 0]);
  const metrics = await metricsOf(relay);
  assert.match(metrics, /^glossond_user_visitors_total\{user="kaylee"\} 2$/m);
  assert.match(metrics, /^glossond_user_visitors_total\{user="_other"\} 1$/m);
  assert.doesNotMatch(metrics, /zoe/);

  const one = await users("limit", "kaylee", "--connections", "1");
  assert.equal(
    one.stdout,
    "kaylee has at most 1 connection, bytes a day as the settings have it\n",
  );
  const first = await stay(relay, user.hostname);
  await assert.rejects(visit(relay, user.hostname), "there is no second place");
  assert.equal((await visit(relay, other.hostname)).status, 200);

  // Who is joined already ends once it is counted.
  await users("limit", "kaylee", "--bytes-per-day", "300K", "--connections", "default");
  assert.ok(await first.ended > 200_000);
  const told = await relay.logged("the bytes of a user's day are used up");
  assert.deepEqual([told.username, told.limit], ["kaylee", 300 * 1024]);
  const used = await visit(relay, user.hostname);
  assert.deepEqual([used.status, used.headers.get("Glosson-Page")], [503, "used-up"]);
  assert.ok(Number(used.headers.get("Retry-After")) <= 86_400);
  assert.match(
    (await users("show", "kaylee")).stdout,
    /^limits +connections as .*, 300\.0 KiB a day$/m,
  );

  await users("limit", "kaylee", "--bytes-per-day", "none");
  assert.equal((await visit(relay, user.hostname)).status, 200);
  const log = JSON.parse((await users("log", "kaylee", "--json")).stdout);
  assert.deepEqual(log.map((act: Record<string, string>) => [act.act, act.detail]), [
    ["limit", "connections 1"],
    ["limit", "connections as the settings, bytesPerDay 307200"],
    ["limit", "bytesPerDay 0"],
  ]);
});

Deno.test("figures, bytes of the day and limits outlive the relay", async () => {
  await beginOfOneDay();
  const dir = await Deno.makeTempDir({ prefix: "glossond-story-" });
  const before = await startRelay({ dir });
  const user = await signUp(before, "kaylee");
  {
    await using _server = await serveUser(before, user, page);
    await visit(before, user.hostname);
  }
  await before.stop();
  const limit = await glossond(before.stateDir, "users", "limit", "kaylee", "--bytes-per-day", "1");
  assert.match(limit.stdout, /1 B a day \(no relay runs; its state was changed\)$/m);
  const shown = JSON.parse(
    (await glossond(before.stateDir, "users", "show", "kaylee", "--json")).stdout,
  );
  assert.equal(shown.figures.visitors, 1);
  assert.ok(shown.figures.bytesToday > 1_000);

  await using relay = await startRelay({ dir });
  await using _server = await serveUser(relay, user, page);
  const used = await visit(relay, user.hostname);
  assert.equal(used.headers.get("Glosson-Page"), "used-up");
});
