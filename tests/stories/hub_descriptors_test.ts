import assert from "node:assert/strict";
import { usageOf } from "../../scripts/bench/usage.ts";
import { must } from "../../scripts/run.ts";
import { BASE, type Relay, startRelay } from "./relay.ts";
import { apiOf, connectControl, dialData, serveUser, signUp, type User, visit } from "./user.ts";

/** Sets a running process's limit of descriptors, or that of a program to be started. */
const PRLIMIT = "/usr/bin/prlimit";

const ignore = !await Deno.stat(PRLIMIT).then(() => true, () => false);

/** How soon every listener has to answer once descriptors are free again. */
const RECOVERY_MS = 15_000;

async function limitDescriptors(relay: Relay, soft: number): Promise<void> {
  await must(PRLIMIT, ["--pid", String(relay.pid), `--nofile=${soft}:`]);
}

/** Connections that say nothing, as many as there can be. */
async function idlers(port: number, count: number): Promise<Deno.TcpConn[]> {
  const conns: Deno.TcpConn[] = [];
  for (let i = 0; i < count; i++) {
    await Deno.connect({ hostname: "127.0.0.1", port }).then((c) => conns.push(c), () => {});
  }
  return conns;
}

/** Tries until it works. */
async function eventually(what: string, attempt: () => Promise<unknown>): Promise<void> {
  const started = performance.now();
  while (true) {
    const late = AbortSignal.timeout(2_000);
    const gaveUp = new Promise((_, reject) =>
      late.addEventListener("abort", () => reject(late.reason))
    );
    try {
      // An attempt that throws at once is a failed one too, with the race under way.
      await Promise.race([Promise.try(attempt), gaveUp]);
      return;
    } catch (error) {
      if (performance.now() - started > RECOVERY_MS) {
        throw new Error(`${what} does not answer: ${(error as Error).message}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Every listener does its work. */
async function allAnswer(relay: Relay, online: User, parking: User): Promise<void> {
  await eventually("hub, user", async () => {
    assert.equal((await visit(relay, online.hostname)).body, "here");
  });
  await eventually("hub, page", async () => {
    assert.equal((await visit(relay, `nobody.${BASE}`)).status, 404);
  });
  await eventually("hub, API", async () => {
    assert.equal((await visit(relay, `relay.${BASE}`, "/v1/relay")).status, 200);
  });
  await eventually("control", async () => {
    const api = apiOf(relay);
    using _client = api.client;
    assert.equal((await api.request("GET", "/v1/relay")).status, 200);
  });
  await eventually("data", async () => {
    await using link = await connectControl(relay, parking);
    link.send({ type: "pool", size: 1 });
    const { tickets } = await link.next("tickets");
    using parked = await dialData(relay, tickets[0]);
    using _visitor = await Deno.connect({ hostname: "127.0.0.1", port: relay.ports.hub! });
    assert.ok(parked);
  });
  await eventually("pages", async () => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: relay.ports.pages! });
    using page = await Deno.startTls(conn, { hostname: BASE, caCerts: [relay.ca] });
    await page.handshake();
  });
  for (const [name, path] of [["admin", "healthz"], ["http", ""]]) {
    await eventually(name!, async () => {
      const url = `http://127.0.0.1:${relay.ports[name!]}/${path}`;
      const answer = await fetch(url, { redirect: "manual" });
      await answer.body?.cancel();
    });
  }
}

/** How many descriptors to leave, once each, then again and again until it was enough; bounded. */
function* sparing(isEnough: () => boolean): Generator<number> {
  yield* [-10, 1, 2, 3, 4, 6];
  for (let more = 0; more < 40 && !isEnough(); more++) yield more % 8;
}

Deno.test({
  name: "descriptors run out under a running relay: little CPU, nobody cut off, all answer again",
  ignore,
  async fn() {
    await using relay = await startRelay({ settings: { HTTP_PORT: "0", LOG_LEVEL: "info" } });
    const user = await signUp(relay, "kaylee");
    const other = await signUp(relay, "simon");
    await using server = await serveUser(relay, user, () => new Response("here"));
    await allAnswer(relay, user, other);
    const before = usageOf([relay.pid]).descriptors;
    const own = server.link.socket;

    // With none to spare the public listeners fail, with a few the servers behind them do: which one
    // takes the last is chance, so that it goes on until each has.
    const failed = (server: string): boolean =>
      relay.lines.some((line) =>
        line.message === "inner TLS server stopped, starting another" && line.server === server
      );
    for (const spare of sparing(() => failed("control") && failed("pages"))) {
      await limitDescriptors(relay, usageOf([relay.pid]).descriptors - 1 + spare);
      const waiting = spare > 0 ? [] : (await Promise.all(
        Object.entries(relay.ports).map(([name, port]) => idlers(port, name === "admin" ? 1 : 20)),
      )).flat();
      const cpuBefore = usageOf([relay.pid]).cpuSeconds;
      const seconds = 2;
      const until = performance.now() + seconds * 1000;
      while (performance.now() < until) {
        await Promise.all([
          visit(relay, `nobody.${BASE}`).catch(() => {}),
          visit(relay, `relay.${BASE}`, "/v1/relay").catch(() => {}),
          new Promise((resolve) => setTimeout(resolve, 100)),
        ].map((attempt) =>
          Promise.race([attempt, new Promise((resolve) => setTimeout(resolve, 300))])
        ));
      }
      const cpu = usageOf([relay.pid]).cpuSeconds - cpuBefore;
      assert.ok(cpu < seconds / 2, `${cpu} s of CPU in ${seconds} s with ${spare} to spare`);
      for (const conn of waiting) conn.close();
      await limitDescriptors(relay, 1024);
      await allAnswer(relay, user, other);
    }

    assert.equal(own.readyState, WebSocket.OPEN, "who was online stayed so");
    await eventually("as many descriptors as before", () => {
      const now = usageOf([relay.pid]).descriptors;
      if (now > before + 2) throw new Error(`${now} instead of ${before}`);
      return Promise.resolve();
    });
    // Both ways of failing were there: in front, and behind.
    await relay.logged("cannot accept connections, trying again", { listener: "hub" });
    assert.deepEqual(["control", "pages"].filter((server) => !failed(server)), []);
    const bugs = relay.lines.filter((line) => line.message === "connection ended by a bug");
    assert.deepEqual(bugs, []);
  },
});

Deno.test({
  name: "a relay with few descriptors says so, and idle connections leave every listener answering",
  ignore,
  async fn() {
    await using relay = await startRelay({
      launcher: [PRLIMIT, "--nofile=320:320"],
      settings: { HTTP_PORT: "0", LOG_LEVEL: "info" },
    });
    const told = relay.lines.find((line) => line.descriptors === 320);
    assert.equal(told?.level, "warn");
    assert.ok(Number(told.needed) > 320 && Number(told.hellos) > 1, JSON.stringify(told));
    assert.ok(Number(told.hellos) + 2 * Number(told.visitors) + 3 * Number(told.clients) < 320);

    const user = await signUp(relay, "kaylee");
    const other = await signUp(relay, "simon");
    await using _server = await serveUser(relay, user, () => new Response("here"));
    const idle = [
      ...await idlers(relay.ports.hub!, 400),
      ...await idlers(relay.ports.control!, 400),
    ];
    const cpuBefore = usageOf([relay.pid]).cpuSeconds;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const cpu = usageOf([relay.pid]).cpuSeconds - cpuBefore;
    assert.ok(cpu < 0.5, `${cpu} s of CPU in 1 s`);
    assert.ok(usageOf([relay.pid]).descriptors < 320);
    // They are still there; only their time is up, and none of them kept the others' descriptors.
    await allAnswer(relay, user, other);
    for (const conn of idle) conn.close();
    const trouble = relay.lines.filter((line) => line.level === "error");
    assert.deepEqual(trouble, []);
  },
});
