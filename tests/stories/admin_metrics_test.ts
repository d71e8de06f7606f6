import assert from "node:assert/strict";
import { until } from "../certificate/helpers.ts";
import { must } from "../../scripts/run.ts";
import { storeIn } from "../store/helpers.ts";
import { BASE, type Relay, startRelay } from "./relay.ts";
import {
  apiOf,
  connectControl,
  dialData,
  readJoin,
  readToEnd,
  serveUser,
  signUp,
  visit,
} from "./user.ts";
import { glossond } from "./admin_command.ts";

/** What does not move while the relay runs as it should, and why. */
const STILL: Record<string, string> = {
  glossond_build_info: "tells by its labels",
  glossond_limit: "is what the settings say",
  glossond_connection_bugs_total: "would be a bug",
  process_start_time_seconds: "is when it was started",
};

/** Bio script that takes its time for one name. */
const BIO_SCRIPT = `import pathlib, sys, time
if sys.argv[1] == "slow":
    time.sleep(3)
file = pathlib.Path(__file__).parent / "bios" / (sys.argv[1] + ".txt")
if not file.exists():
    sys.exit(1)
print(file.read_text())
`;

/** Samples of the relay's /metrics, the value by name and labels. */
async function scrape(relay: Relay): Promise<Map<string, number>> {
  const response = await fetch(`http://127.0.0.1:${relay.ports.admin}/metrics`, {
    headers: { Accept: "application/openmetrics-text" },
  });
  assert.match(response.headers.get("Content-Type") ?? "", /^application\/openmetrics-text/);
  const lines = (await response.text()).split("\n").filter((line) => /^[a-z]/.test(line));
  return new Map(lines.map((line) => {
    const space = line.lastIndexOf(" ");
    return [line.slice(0, space), Number(line.slice(space + 1))];
  }));
}

/** A connection to a listener that says nothing. */
function silent(relay: Relay, listener: string): Promise<Deno.TcpConn> {
  return Deno.connect({ hostname: "127.0.0.1", port: relay.ports[listener]! });
}

Deno.test("every metric moves with what it counts", async () => {
  await using relay = await startRelay({ bioScript: BIO_SCRIPT });
  const seen: Map<string, number>[] = [await scrape(relay)];
  const look = async (): Promise<Map<string, number>> => {
    const samples = await scrape(relay);
    seen.push(samples);
    return samples;
  };
  const is = (name: string, value: number): Promise<void> =>
    until(async () => (await look()).get(name) === value, `${name} is ${value}`);

  const user = await signUp(relay, "kaylee");
  const link = await connectControl(relay, user);
  link.send({ type: "pool", size: 1 });
  const [ticket] = (await link.next("tickets")).tickets;
  // The client says that the data port cannot be reached, then that it can.
  link.send({ type: "pool", size: 1, dataPath: "refused" });
  await is("glossond_unreachable_clients", 1);
  link.send({ type: "pool", size: 1, dataPath: "works" });
  await is("glossond_unreachable_clients", 0);
  const parked = await dialData(relay, ticket);
  await is("glossond_parked_connections", 1);
  // A visitor takes the parked connection, says something and gets an answer.
  const visitor = await silent(relay, "hub");
  await visitor.write(await helloOf(user.hostname));
  await readJoin(parked);
  await parked.write(new Uint8Array(5000));
  assert.equal((await look()).get("glossond_joined_visitors"), 1);
  parked.close();
  await readToEnd(visitor);
  visitor.close();
  await link[Symbol.asyncDispose]();

  {
    await using _server = await serveUser(relay, user, () => new Response("hello"));
    await visit(relay, user.hostname);
    assert.equal((await look()).get("glossond_sessions"), 1);
  }
  const slow = apiOf(relay);
  const { body } = await slow.request("POST", "/v1/claims", { body: { username: "slow" } });
  const verifying = slow.request("POST", `/v1/claims/${body.claim}/verify`);
  // Awaited below; the reason counts when something else fails first.
  verifying.catch(() => {});
  await is("glossond_bio_commands_running", 1);
  await verifying;
  slow.client.close();

  const bad = await dialData(relay, "A".repeat(22));
  await readToEnd(bad);
  bad.close();
  await visit(relay, `nobody.${BASE}`);
  const quiet = await silent(relay, "hub");
  await is("glossond_hellos", 1);
  await quiet.write(new TextEncoder().encode("no hello\r\n"));
  await readToEnd(quiet);
  quiet.close();
  await glossond(relay.stateDir, "users", "block", "mallory");

  await shortOfDescriptors(relay);
  await tooMany(relay, look);
  await look();

  const names = new Set(seen.at(-1)!.keys());
  const family = (sample: string): string => sample.replace(/(_bucket|_sum|_count)?(\{.*)?$/, "");
  const families = new Set([...names].map(family));
  const moved = [...names].filter((name) => new Set(seen.map((s) => s.get(name) ?? 0)).size > 1);
  const still = families.difference(new Set(moved.map(family)));
  assert.deepEqual([...still].sort(), [...Object.keys(STILL), ...CERTIFICATE].sort());
});

/** What moves with orders that take their time only: see the story below. */
const CERTIFICATE = [
  "glossond_certificate_expiry_timestamp_seconds",
  "glossond_certificate_lifetime_seconds",
  "glossond_certificate_order_failures",
  "glossond_certificate_orders",
];

Deno.test("the metrics of certificates tell of orders that fail and wait", async () => {
  const dir = await Deno.makeTempDir({ prefix: "glossond-story-" });
  await Deno.mkdir(`${dir}/state`);
  // The harness reads the root of the local authority, which this relay does not have.
  await Deno.writeTextFile(`${dir}/state/local-ca.pem`, "");
  const store = storeIn(`${dir}/state`);
  const order = { id: "1", username: "kaylee", csr: "none", createdAt: Date.now() };
  const rules = { limit: 1, windowMs: 1, underWay: new Set<string>(), superseded: "{}" };
  await store.orders.submit(order, rules);
  await store.close();
  await Deno.writeTextFile(`${dir}/.secrets`, "POWERDNS_API_KEY=key\n");
  await using relay = await startRelay({
    dir,
    settings: {
      AUTHORITY: "acme",
      ACME_EMAIL: "operator@glosson.example",
      // Nobody listens on port 1.
      ACME_DIRECTORY_URL: "https://127.0.0.1:1/directory",
      PDNS_API_URL: "http://127.0.0.1:1",
    },
  });
  await relay.logged("certificate order failed", { username: "kaylee" });
  await relay.logged("certificate order failed", { serving: "self-signed certificate" });
  const samples = await scrape(relay);
  assert.equal(samples.get('glossond_certificate_orders{state="waiting"}'), 1);
  assert.equal(samples.get("glossond_certificate_order_failures"), 1);
  assert.equal(samples.get("glossond_certificate_expiry_timestamp_seconds"), 0);
  assert.ok(samples.get("glossond_certificate_lifetime_seconds")! > 0);
});

/** Takes the relay's descriptors away for a moment, so that it cannot accept. */
async function shortOfDescriptors(relay: Relay): Promise<void> {
  const limit = (soft: string): Promise<string> =>
    must("prlimit", ["--pid", String(relay.pid), `--nofile=${soft}:`]);
  await limit("10");
  const conn = await silent(relay, "hub");
  await relay.logged("cannot accept connections, trying again", { listener: "hub" });
  await limit("4096");
  conn.close();
}

/** Opens more connections than the data port takes before a ticket. */
async function tooMany(
  relay: Relay,
  look: () => Promise<Map<string, number>>,
): Promise<void> {
  const conns = await Promise.all(Array.from({ length: 1_020 }, () => silent(relay, "data")));
  const refused = 'glossond_connections_refused_total{listener="data"}';
  for (let tries = 0; !((await look()).get(refused)! > 0); tries++) {
    assert.ok(tries < 100, "none was refused");
  }
  for (const conn of conns) conn.close();
}

/** First bytes of a real TLS client. */
async function helloOf(hostname: string): Promise<Uint8Array> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  const tls = await Deno.startTls(client, { hostname });
  using server = await listener.accept();
  const bytes = new Uint8Array(64 * 1024);
  const handshake = tls.handshake().catch(() => {});
  const n = await server.read(bytes);
  server.close();
  await handshake;
  try {
    tls.close();
  } catch {
    // The failed handshake closed it.
  }
  return bytes.subarray(0, n!);
}

Deno.test("metrics on loopback are for those who ask this machine, and for no page by a name of its own", async () => {
  await using relay = await startRelay();
  const port = relay.ports.admin!;
  const status = (host: string, path = "/metrics") =>
    must("curl", [
      ...["--silent", "--output", "/dev/null", "--write-out", "%{http_code}"],
      ...["--header", `Host: ${host}`, `http://127.0.0.1:${port}${path}`],
    ]);
  for (const host of ["localhost", `localhost:${port}`, "127.0.0.1", "[::1]:1"]) {
    assert.equal(await status(host), "200", host);
  }
  for (const host of ["evil.example", `evil.example:${port}`, "localhost.evil.example", "a b"]) {
    assert.equal(await status(host), "421", host);
  }
  assert.equal(await status("evil.example", "/healthz"), "200", "it tells nothing");
});
