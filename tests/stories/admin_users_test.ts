import assert from "node:assert/strict";
import { endOf, run } from "../../scripts/run.ts";
import { BASE, type Relay, startRelay } from "./relay.ts";
import { apiOf, connectControl, serveUser, signUp, visit } from "./user.ts";
import { LineLog } from "../../scripts/line_log.ts";
import { endProcess } from "../../scripts/process.ts";
import { commandLine, glossond, glossondCommand } from "./admin_command.ts";
import { bareEnvironment, settingVariables } from "./environment.ts";

/** Runs a program at a terminal of its own, which has what comes in for its keyboard. */
const AT_TERMINAL =
  "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";

/** A page that never ends, and when it did. */
async function endlessVisit(relay: Relay, hostname: string): Promise<{ ended: Promise<number> }> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: relay.ports.hub! });
  const tls = await Deno.startTls(conn, { hostname, caCerts: [relay.ca] });
  await tls.write(new TextEncoder().encode(`GET / HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`));
  const chunk = new Uint8Array(4096);
  for (let text = ""; !text.includes("tick");) {
    const n = await tls.read(chunk);
    if (n === null) throw new Error(`The page ended before it began: ${text}`);
    text += new TextDecoder().decode(chunk.subarray(0, n));
  }
  const ended = (async () => {
    while (await tls.read(chunk).catch(() => null) !== null);
    tls.close();
    return performance.now();
  })();
  return { ended };
}

/** Answers with a page that says "tick" every 50 ms and never ends. */
function endlessPage(): Response {
  let timer: ReturnType<typeof setInterval>;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      timer = setInterval(() => controller.enqueue(new TextEncoder().encode("tick\n")), 50);
    },
    cancel: () => clearInterval(timer),
  });
  return new Response(body);
}

Deno.test("block cuts a running page within a second, shows the suspended page and survives kill -9", async () => {
  const dir = await Deno.makeTempDir({ prefix: "glossond-story-" });
  {
    const relay = await startRelay({ dir, settings: { CONTACT: "abuse@example.org" } });
    const user = await signUp(relay, "kaylee");
    const other = await signUp(relay, "inara");
    await using server = await serveUser(relay, user, endlessPage);
    await using _others = await serveUser(relay, other, () => new Response("inara's"));
    const visits = await Promise.all([1, 2, 3].map(() => endlessVisit(relay, user.hostname)));

    // The command starts a process first: the second counts from its answer at the latest.
    const url = `https://${user.hostname}/x`;
    const { code, stdout, stderr } = await glossond(
      relay.stateDir,
      ...["users", "block", url, "--reason", "It sells engines."],
    );
    const blockedAt = performance.now();
    assert.deepEqual([code, stderr], [0, ""]);
    assert.equal(stdout, "kaylee is blocked: its visitors get the suspended page\n");
    for (const { ended } of visits) assert.ok(await ended - blockedAt < 1000);
    assert.equal((await server.link.closed).code, 4401);

    const page = await visit(relay, user.hostname);
    assert.equal(page.status, 451);
    const api = apiOf(relay);
    using _client = api.client;
    const account = await api.request("GET", "/v1/account", { token: user.token });
    assert.equal(account.body.type, "urn:glosson:problem:suspended");
    assert.equal(
      account.body.detail,
      "The relay's operator has suspended the name kaylee: It sells engines. Write to abuse@example.org if you think that this is a mistake.",
    );
    const claim = await api.request("POST", "/v1/claims", { body: { username: "kaylee" } });
    // Whoever has not proved the profile need not read why.
    assert.equal(
      claim.body.detail,
      "The relay's operator has suspended the name kaylee. Write to abuse@example.org if you think that this is a mistake.",
    );
    const told = await relay.logged("name blocked");
    assert.deepEqual([told.username, told.uid, told.reason], [
      ...["kaylee", Deno.uid(), "It sells engines."],
    ]);
    assert.equal((await visit(relay, other.hostname)).body, "inara's");
    await relay.stop("SIGKILL");
  }
  await using relay = await startRelay({ dir });
  assert.equal((await visit(relay, "kaylee.glosson.localhost")).status, 451);

  const undone = await glossond(relay.stateDir, "users", "unblock", "kaylee");
  assert.equal(undone.stdout, "kaylee is unblocked\n");
  assert.equal((await visit(relay, "kaylee.glosson.localhost")).status, 503);
});

Deno.test("users lists, shows and releases beside the running relay", async () => {
  await using relay = await startRelay();
  const user = await signUp(relay, "kaylee");
  await using server = await serveUser(relay, user, endlessPage);
  await signUp(relay, "inara");
  await glossond(relay.stateDir, "users", "block", "nobody");
  await endlessVisit(relay, user.hostname);

  const list = await glossond(relay.stateDir, "users");
  const lines = list.stdout.trimEnd().split("\n").map((line) => line.split(/ {2,}/).slice(0, 3));
  assert.deepEqual(lines.map((l) => l.map((cell) => cell.trim())), [
    ["NAME", "STATE", "VISITORS"],
    ["inara", "never online", "0"],
    ["kaylee", "online", "1"],
    ["nobody", "blocked", "0"],
  ]);
  const show = await glossond(relay.stateDir, "users", "show", user.hostname, "--json");
  const shown = JSON.parse(show.stdout);
  assert.equal(shown.state, "online");
  assert.equal(shown.visitors, 1);
  assert.equal(shown.url, `https://${user.hostname}:${relay.ports.hub}`);
  assert.ok(Date.parse(shown.certificateNotAfter) > Date.now());

  const unsure = await glossond(relay.stateDir, "users", "release", "kaylee");
  assert.deepEqual([unsure.code, /--yes does it/.test(unsure.stderr)], [2, true]);
  const released = await glossond(relay.stateDir, "users", "release", "kaylee", "--yes", "--now");
  assert.equal(released.code, 0, released.stderr);
  assert.equal((await server.link.closed).code, 4401);
  assert.equal((await visit(relay, user.hostname)).status, 404);
  // Who gets the name next has not been online yet, though the last owner just was.
  await signUp(relay, "kaylee");
  const next = await glossond(relay.stateDir, "users", "show", "kaylee", "--json");
  assert.equal(JSON.parse(next.stdout).lastOnlineAt, null);
  await glossond(relay.stateDir, "users", "release", "kaylee", "--yes", "--now");
  const again = await glossond(relay.stateDir, "users", "release", "kaylee", "--yes", "--now");
  assert.equal(again.code, 1);
  assert.match(again.stderr, /no account kaylee/);
  assert.equal((await glossond(relay.stateDir, "users", "block", "Not a name")).code, 2);
});

Deno.test("users works on the state alone when no relay runs, also after a crash", async () => {
  const dir = await Deno.makeTempDir({ prefix: "glossond-story-" });
  const first = await startRelay({ dir });
  const user = await signUp(first, "kaylee");
  await first.stop("SIGKILL");
  const done = await glossond(first.stateDir, "users", "block", "kaylee");
  assert.match(done.stdout, /no relay runs/);
  const show = await glossond(first.stateDir, "users", "show", "kaylee", "--json");
  assert.equal(JSON.parse(show.stdout).visitors, null);

  await using relay = await startRelay({ dir });
  const refused = await connectControl(relay, user).then(() => "online", () => "refused");
  assert.equal(refused, "refused");
  assert.equal((await visit(relay, user.hostname)).status, 451);
});

Deno.test("users says where a relay that runs could not be told", async () => {
  await using relay = await startRelay();
  const user = await signUp(relay, "kaylee");
  await using _server = await serveUser(relay, user, () => new Response("here"));
  const socket = `${relay.stateDir}/glossond.sock`;
  await Deno.rename(socket, `${socket}-aside`);
  const untold = await glossond(relay.stateDir, "users", "block", "kaylee");
  assert.equal(untold.code, 1);
  assert.match(untold.stderr, /A relay uses \S+ and could not be told, so who is there stays:/);
  assert.equal((await glossond(relay.stateDir, "users")).code, 0);
  await Deno.rename(`${socket}-aside`, socket);
  assert.equal((await glossond(relay.stateDir, "users", "block", "kaylee")).code, 0);
  assert.equal((await visit(relay, user.hostname)).status, 451);
});

Deno.test("a name that is blocked before anybody has it is said to be nobody's", async () => {
  await using relay = await startRelay();
  await signUp(relay, "kaylee");
  const blocked = (name: string) => glossond(relay.stateDir, "users", "block", name);
  assert.match(
    (await blocked("kaylie")).stdout,
    /^kaylie is blocked: .*; there is no such account$/m,
  );
  assert.doesNotMatch((await blocked("kaylee")).stdout, /no such account/);
});

Deno.test("status tells how the relay is doing, and exits 1 when none runs", async () => {
  await using relay = await startRelay();
  const user = await signUp(relay, "kaylee");
  {
    await using _server = await serveUser(relay, user, () => new Response("hello"));
    await visit(relay, user.hostname);
  }
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: relay.ports.hub! });
  await conn.write(new TextEncoder().encode("\x16\x03\x01\x00\x02\x02\x00"));
  await conn.read(new Uint8Array(99));
  conn.close();

  const { code, stdout } = await glossond(relay.stateDir, "status", "--json");
  assert.equal(code, 0);
  const report = JSON.parse(stdout);
  assert.equal(report.ready, true);
  assert.equal(report.users.accounts, 1);
  assert.equal(report.visitors.joins.dialled, 1);
  assert.ok(report.visitors.bytes.toVisitors > 100);
  assert.equal(Object.values<number>(report.refusals).reduce((a, b) => a + b, 0), 1);
  assert.equal(report.bio.results.found, 1);
  assert.ok(report.limits.some((l: { name: string; max: number }) => l.name === "hellos" && l.max));
  const text = await glossond(relay.stateDir, "status");
  assert.match(text.stdout, /^relay +glossond\/\S+.*, up \d+ s$/m);
  assert.match(text.stdout, /^joins +0 over parked connections, 1 asked for$/m);

  const watching = glossondCommand(relay.stateDir, ["status", "--watch", "--json"]).spawn();
  const log = new LineLog<number>([watching.stdout], (line) => JSON.parse(line).uptimeS);
  const uptimes = log.lines;
  await log.first(() => uptimes.length === 2, "a second report");
  assert.equal((await endProcess(watching, "SIGINT")).code, 0);
  await Promise.all([log.ended, watching.stderr.cancel()]);
  assert.ok(uptimes.length === 2 && uptimes[1]! >= uptimes[0]! + 1, `${uptimes}`);

  await relay.stop();
  const stopped = await glossond(relay.stateDir, "status");
  assert.equal(stopped.code, 1);
  assert.match(stopped.stderr, /no relay runs/);
});

Deno.test("users takes the base domain as the daemon reads it, however it is spelled", async () => {
  await using relay = await startRelay();
  await signUp(relay, "kaylee");
  const { code, stdout, stderr } = await endOf(
    glossondCommand(relay.stateDir, ["users", "block", `kaylee.${BASE}`], {
      BASE_DOMAIN: `${BASE.toUpperCase()}.`,
    }),
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^kaylee is blocked/);
});

Deno.test("users log tells who did what, also by a signal, an owner and sudo", async () => {
  await using relay = await startRelay();
  const user = await signUp(relay, "kaylee");
  await signUp(relay, "inara");
  const api = apiOf(relay);
  using _client = api.client;
  assert.equal((await api.request("DELETE", "/v1/account", { token: user.token })).status, 204);
  Deno.kill(relay.pid, "SIGHUP");
  await relay.logged("settings read again, nothing is different");

  const env = {
    ...bareEnvironment(relay.dir),
    ...settingVariables({ STATE_DIR: relay.stateDir, BASE_DOMAIN: BASE }),
    SUDO_UID: "4711",
  };
  const command = commandLine(["users", "release", "inara", "--reason", "on request"]);
  for (const [input, code] of [["n\n", 1], ["y\n", 0]] as const) {
    const asked = await run("python3", ["-c", AT_TERMINAL, ...command], {
      ...{ input, env, clearEnv: true },
    });
    assert.equal(asked.code, code, asked.text);
    assert.match(asked.stdout, /^Release inara\?/m);
  }

  const { stdout } = await glossond(relay.stateDir, "users", "log", "--json");
  const acts = JSON.parse(stdout).map(({ at, ...act }: { at: string }) => {
    assert.ok(Math.abs(Date.now() - Date.parse(at)) < 60_000);
    return act;
  });
  const nobody = { uid: null, sudoUid: null, reason: null };
  assert.deepEqual(acts, [
    { act: "release", username: "kaylee", detail: null, by: "user", ...nobody },
    {
      ...{ act: "reload", username: null, detail: "nothing was different" },
      ...{ by: "signal", ...nobody },
    },
    {
      ...{ act: "release", username: "inara", detail: null, by: "operator" },
      ...{ uid: Deno.uid(), sudoUid: 4711, reason: "on request" },
    },
  ]);
});
