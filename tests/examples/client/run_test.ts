import assert from "node:assert/strict";
import { parseUpstream } from "../../../examples/client/proxy/upstream.ts";
import { closeQuietly } from "../../../lib/net/splice.ts";
import { type FakeRelay, VISITOR } from "./fake_relay.ts";
import { KeptDomains } from "../../../examples/client/domain/kept.ts";
import { HeldSleeps } from "./held_sleeps.ts";
import { HttpExchange } from "./http_exchange.ts";
import { story } from "./story.ts";

Deno.test("run() serves a visitor by a connect ticket", () =>
  story(async ({ relay, start }) => {
    start({ pool: 0 });
    await relay.ready(0);
    const visitor = await relay.visit();
    const { status, headers, body } = await new HttpExchange(visitor).get("/");
    assert.equal(status, 200);
    assert.equal(headers.get("content-type"), "text/html; charset=UTF-8");
    assert.match(body, /kaylee\.glosson\.localhost is online/);
    assert.deepEqual(relay.shown, ["connect"]);
    visitor.close();
  }));

Deno.test("run() serves visitors by parked connections and parks others", () =>
  story(async ({ relay, start }) => {
    start({ pool: 2 });
    await relay.ready(2);
    for (let i = 0; i < 5; i++) {
      const visitor = await relay.visit();
      assert.equal((await new HttpExchange(visitor).get("/")).status, 200);
      visitor.close();
      await relay.ready(2);
    }
    assert.ok(!relay.shown.includes("connect"));
    // One when it came online, one when it found the data port: the relay keeps the pool full by itself,
    // and whatever else is said holds up what the relay says (Nagle's algorithm, delayed acknowledgements).
    const pools = relay.session!.messages.filter(({ type }) => type === "pool");
    assert.deepEqual(pools.map(({ size }) => size), [2, 2]);
  }));

Deno.test("run() tells the upstream who the visitor is", () =>
  story(async ({ relay, start }) => {
    const seen: Headers[] = [];
    await using upstream = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => {
        seen.push(request.headers);
        return new Response(`you asked ${new URL(request.url).pathname}`);
      },
    );
    start({ upstream: parseUpstream(`${upstream.addr.port}`) });
    await relay.ready(0);
    const visitor = await relay.visit();
    const { body } = await new HttpExchange(visitor).get("/a%2Fb", {
      "x-forwarded-for": "192.0.2.1",
      "x-real-ip": "192.0.2.1",
      forwarded: "for=192.0.2.1",
      connection: "keep-alive, x-hop",
      "x-hop": "1",
      cookie: "a=1; b=2",
    });
    assert.equal(body, "you asked /a%2Fb");
    const { host, ...headers } = Object.fromEntries(seen[0]!);
    assert.equal(host, "kaylee.glosson.localhost");
    assert.equal(headers["x-real-ip"], VISITOR.address);
    assert.equal(headers["x-forwarded-for"], VISITOR.address);
    assert.equal(headers["x-forwarded-proto"], "https");
    assert.equal(headers["x-forwarded-host"], "kaylee.glosson.localhost");
    assert.equal(headers.cookie, "a=1; b=2");
    for (const name of ["forwarded", "x-hop"]) {
      assert.equal(headers[name], undefined);
    }
    visitor.close();
  }));

Deno.test("run() carries the end of an answer across, with everything before it", () =>
  story(async ({ relay, start }) => {
    const megabyte = "m".repeat(1024 * 1024);
    await using upstream = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      () =>
        new Response(
          ReadableStream.from([1, 2, 3, 4].map(() => megabyte)).pipeThrough(
            new TextEncoderStream(),
          ),
        ),
    );
    start({ pool: 1, upstream: parseUpstream(`${upstream.addr.port}`) });
    await relay.ready(1);
    const visitor = await relay.visit();
    const exchange = new HttpExchange(visitor);
    const { body } = await exchange.get("/", { connection: "close" });
    assert.equal(body.length, 4 * megabyte.length);
    await exchange.ended();
    visitor.close();
  }));

Deno.test("run() refuses another host name on the visitor's connection", () =>
  story(async ({ relay, start }) => {
    start();
    await relay.ready(0);
    const visitor = await relay.visit();
    const exchange = new HttpExchange(visitor);
    assert.equal((await exchange.get("/", { host: "other.glosson.localhost" })).status, 421);
    assert.equal((await exchange.get("/", { host: "kaylee.glosson.localhost:4430" })).status, 200);
    assert.equal((await exchange.get("/", { host: "KAYLEE.glosson.localhost." })).status, 200);
    visitor.close();
  }));

Deno.test("run() comes back after the relay went away, and keeps its visitor's connection", () =>
  story(async ({ relay, start }) => {
    const client = start({ pool: 1 });
    await relay.ready(1);
    await relay.restart();
    await relay.changes.until(() => relay.sessions.length === 2);
    await relay.ready(1);
    const visitor = await relay.visit();
    assert.equal((await new HttpExchange(visitor).get("/")).status, 200);
    assert.ok(client.lines.some((line) => line.includes("Not online, coming back")));
    visitor.close();
  }));

Deno.test("run() makes no pause of its own before it comes back to a relay that restarts", () =>
  story(async ({ relay, start }) => {
    const sleeps = new HeldSleeps();
    let looks = 0;
    const random = 0.9;
    start({}, {
      sleep(ms, signal) {
        // Of a look at a relay that was just lost, which it is by a clock that stands still.
        if (ms === 100 * (0.5 + random)) looks++;
        relay.changes.tell();
        return sleeps.sleep(ms, signal);
      },
      elapsed: () => 0,
      random: () => random,
    });
    await relay.ready(0);
    // The pause after the second time is 1.8 s long, and would last until the test ended it.
    for (const sessions of [2, 3]) {
      const before = looks;
      await relay.restart(() => relay.changes.until(() => looks > before));
      await relay.changes.until(() => relay.sessions.length === sessions);
    }
    assert.ok(!relay.requests.includes("GET /v1/account"));
  }));

Deno.test("run() sees to the user's own domains only while it is online", () =>
  story(async ({ relay, state, start }) => {
    await new KeptDomains(state).add("blog.example.org");
    const path = "/v1/domains/blog.example.org";
    relay.problems.set(path, { status: 409, code: "domain-not-pointed" });
    const asked = (request: string): number[] =>
      relay.requests.flatMap((each, at) => each === request ? [at] : []);
    const sleeps = new HeldSleeps();
    let ahead = 0;
    const { lines } = start({}, {
      ...{ sleep: sleeps.sleep, random: () => 0.9, now: () => Date.now() + ahead },
    });
    const logged = (text: string, times: number): Promise<boolean> =>
      relay.changes.until(() => lines.filter((line) => line.includes(text)).length === times);
    const failed = "Something is wrong with your domain";
    await logged(" Online ", 1);
    await sleeps.end(3_000);
    await logged(failed, 1);

    relay.problems.set("/v1/control", { status: 503, code: "unavailable" });
    relay.session!.socket.close(1012 + 2000);
    await sleeps.begin(1_800);
    ahead = 3_600_000;
    await sleeps.end(3_000);
    await sleeps.begin(3_000);
    relay.problems.clear();
    relay.problems.set(path, { status: 409, code: "domain-not-pointed" });
    await sleeps.end(1_800);
    await logged(" Online ", 2);
    await sleeps.end(3_000);
    await logged(failed, 2);
    assert.ok(asked(`PUT ${path}`)[1]! > asked("GET /v1/control").at(-1)!);
  }));

Deno.test("run() goes online with the account as it is once nobody else changes it", () =>
  story(async ({ relay, state, start }) => {
    const { neededAccount } = state;
    // A setup ends just after the first look.
    state.neededAccount = async () => {
      state.neededAccount = neededAccount;
      const account = await state.neededAccount();
      relay.token = crypto.randomUUID();
      await state.saveAccount({ ...account, token: relay.token });
      return account;
    };
    start({ also: ["app"] });
    await relay.ready(0);
    const { token, also } = await state.neededAccount();
    assert.deepEqual([token, also], [relay.token, ["app"]]);
  }));

Deno.test("run() writes the account only where --also says something else", () =>
  story(async ({ relay, state, start }) => {
    const saved: unknown[] = [];
    const { saveAccount } = state;
    state.saveAccount = (account) => {
      saved.push(account.also);
      return saveAccount.call(state, account);
    };
    for (const also of [["app"], ["app"], [], []]) {
      const sessions = relay.sessions.length;
      const client = start({ also });
      await relay.changes.until(() => relay.sessions.length > sessions);
      client.leave();
      await client.ended;
    }
    assert.deepEqual(saved, [["app"], []]);
  }));

Deno.test("run() keeps a visitor over the end of the session", () =>
  story(async ({ relay, start }) => {
    start();
    await relay.ready(0);
    const visitor = await relay.visit();
    const exchange = new HttpExchange(visitor);
    assert.equal((await exchange.get("/")).status, 200);
    relay.session!.socket.close(1012 + 2000);
    await relay.changes.until(() => relay.sessions.length === 2);
    assert.equal((await exchange.get("/")).status, 200);
    visitor.close();
  }));

const goodbye = (reason: string) => (relay: FakeRelay): void =>
  relay.send({ type: "goodbye", reason, retryAfterMs: null });
const close = (code: number) => (relay: FakeRelay): void => relay.session!.socket.close(code);

/** What ends `run`, what it says then, and its exit code. */
const ENDINGS: Record<string, [act: (relay: FakeRelay) => void, message: RegExp, code: number]> = {
  "goodbye replaced": [goodbye("replaced"), /Another glosson run took over/, 3],
  "goodbye revoked": [goodbye("revoked"), /no longer accepts/, 4],
  "goodbye protocol": [goodbye("protocol"), /not to come back/, 6],
  "close code 4409 without a goodbye": [close(4409), /took over/, 3],
  "close code 4401 without a goodbye": [close(4401), /no longer accepts/, 4],
  "a token that is not accepted": [
    (relay) => {
      relay.token = "another";
      relay.session!.socket.close(1000);
    },
    /Title of unauthorized.*glosson setup/,
    4,
  ],
  "a name that is blocked": [
    (relay) => {
      relay.problems.set("/v1/account", { status: 403, code: "suspended" });
      relay.problems.set("/v1/control", { status: 403, code: "suspended" });
      relay.session!.socket.close(1000);
    },
    /Title of suspended: Detail of suspended/,
    5,
  ],
  "goodbye revoked where the name is blocked": [
    (relay) => {
      relay.problems.set("/v1/account", { status: 403, code: "suspended" });
      goodbye("revoked")(relay);
    },
    /Title of suspended: Detail of suspended/,
    5,
  ],
};

for (const [what, [act, message, code]] of Object.entries(ENDINGS)) {
  Deno.test(`run() ends on ${what}`, () =>
    story(async ({ relay, start }) => {
      const client = start();
      await relay.ready(0);
      act(relay);
      const word = (await client.ended)!;
      assert.match(word.message, message);
      assert.equal(word.exitCode, code);
      assert.equal(relay.sessions.length, 1);
    }));
}

Deno.test("run() waits as long as a goodbye asks before it comes back", () =>
  story(async ({ relay, start }) => {
    const sleeps = new HeldSleeps();
    start({}, { sleep: sleeps.sleep });
    await relay.ready(0);
    relay.send({ type: "goodbye", reason: "draining", retryAfterMs: 1234 });
    await sleeps.end(1234);
    await relay.changes.until(() => relay.sessions.length === 2);
  }));

for (const [status, code] of [[429, "rate-limited"], [503, "busy"]] as const) {
  Deno.test(`run() waits as long as a relay asks that opens no session, ${code}`, () =>
    story(async ({ relay, start }) => {
      const sleeps = new HeldSleeps();
      relay.problems.set("/v1/control", { status, code, retryAfter: "60" });
      const { lines } = start({}, { sleep: sleeps.sleep, random: () => 0.5 });
      // A share of the first pause besides, by which clients come back spread.
      await sleeps.begin(60_500);
      assert.ok(lines.some((line) => line.includes(`Title of ${code}`)), lines.join("\n"));
      relay.problems.clear();
      await sleeps.end(60_500);
      await relay.ready(0);
    }));
}

Deno.test("run() adds a pause of its own only to a goodbye that comes soon", () =>
  story(async ({ relay, start }) => {
    const sleeps = new HeldSleeps();
    let time = 0;
    start({}, { sleep: sleeps.sleep, elapsed: () => time, random: () => 0.5 });
    for (const [online, ms] of [[29_999, 1734], [30_000, 1234]] as const) {
      await relay.ready(0);
      // It counts from when it was told to be online.
      await relay.changes.until(() => relay.session!.messages.some(({ type }) => type === "pool"));
      time += online;
      relay.send({ type: "goodbye", reason: "draining", retryAfterMs: 1234 });
      const sessions = relay.sessions.length;
      await sleeps.end(ms);
      await relay.changes.until(() => relay.sessions.length > sessions);
    }
  }));

Deno.test("run() tries a ticket again when the relay refused one", () =>
  story(async ({ relay, start }) => {
    const client = start({ pool: 1 });
    await relay.ready(1);
    relay.send({ type: "tickets", tickets: ["a".repeat(22), "b".repeat(22)] });
    relay.send({
      type: "connect",
      ticket: relay.ticket("connect"),
      visitor: VISITOR,
      expiresInMs: 10_000,
    });
    await relay.changes.until(() => relay.shown.includes("connect"));
    // Its one place is taken: tickets beyond it are not shown.
    assert.deepEqual(relay.shown, ["tickets", "connect"]);
    relay.grants = false;
    closeQuietly(relay.parked.shift()!);
    await relay.changes.until(() => client.lines.some((line) => line.includes("state=ended")));
    relay.send({ type: "tickets", tickets: ["c".repeat(22)] });
    await relay.changes.until(() => relay.shown.includes("unknown"));
    await relay.changes.until(() => client.lines.some((line) => line.includes("state=refused")));
    relay.grants = true;
    relay.send({ type: "tickets", tickets: [relay.ticket("tickets")] });
    await relay.ready(1);
  }));

Deno.test("run() keeps connections parked at each of a relay's data ports, and waits for none that is gone", () =>
  story(async ({ relay, start }) => {
    using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const gone = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    gone.close();
    start({ pool: 1 });
    await relay.ready(1);
    const at = ({ port }: Deno.NetAddr) => ({ dataHost: "127.0.0.1", dataPort: port });
    relay.send({ type: "tickets", tickets: ["g".repeat(22)], ...at(gone.addr) });
    relay.send({ type: "tickets", tickets: ["o".repeat(22)], ...at(other.addr) });
    using parked = await other.accept();
    const preface = new Uint8Array(64);
    const n = await parked.read(preface);
    assert.equal(
      new TextDecoder().decode(preface.subarray(0, n!)),
      `GLOSSON/1 ${"o".repeat(22)}\n`,
    );
    assert.equal(relay.parked.length, 1, "the one at home stays");
  }));

Deno.test("run() refuses visitors over its limit at once, unless one of them only waits", () =>
  story(async ({ relay, start }) => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<Response>();
    await using upstream = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => {
        if (!request.url.endsWith("/slow")) return new Response("fast");
        asked.resolve();
        return answer.promise;
      },
    );
    start({ pool: 0, maxVisitors: 1, upstream: parseUpstream(`${upstream.addr.port}`) });
    await relay.ready(0);
    const idle = new HttpExchange(await relay.visit());
    assert.equal((await idle.get("/")).body, "fast");
    const busy = new HttpExchange(await relay.visit());
    await idle.ended();
    const slow = busy.get("/slow");
    await asked.promise;
    await assert.rejects(relay.visit());
    assert.ok(relay.session!.messages.some((message) => message.type === "refuse"));
    answer.resolve(new Response("done"));
    assert.equal((await slow).body, "done");
  }));

Deno.test("run() bears what no relay should send", () =>
  story(async ({ relay, start }) => {
    start({ pool: 0 });
    await relay.ready(0);
    for (
      const message of [
        "no json",
        "[1]",
        "null",
        "x".repeat(20_000),
        { type: 7 },
        { type: "from-the-future", ticket: 1 },
        { type: "connect", ticket: "too short" },
        { type: "tickets", tickets: "none" },
        { type: "tickets", tickets: [1, null, "\n"] },
        { type: "online", hostname: "x", dataHost: "localhost", dataPort: 99_999 },
      ]
    ) relay.send(message);
    const visitor = await relay.visit();
    assert.equal((await new HttpExchange(visitor).get("/")).status, 200);
    assert.equal(relay.sessions.length, 1);
    visitor.close();
  }));

Deno.test("run() gives a session up that talks nonsense only", () =>
  story(async ({ relay, start }) => {
    start();
    await relay.ready(0);
    for (let i = 0; i < 16; i++) relay.send("nonsense");
    await relay.changes.until(() => relay.sessions.length === 2);
  }));

Deno.test("run() serves a renewed certificate while an old connection stays open", () =>
  story(async ({ relay, start }) => {
    relay.renewAfter = "2000-01-01T00:00:00Z";
    const sleeps = new HeldSleeps();
    start({}, { sleep: sleeps.sleep });
    await relay.ready(0);
    // The first certificate is due at once; so is the second, but that one is looked at later.
    await sleeps.begin(60_000);
    assert.equal(relay.issued.length, 2);
    const old = await relay.visit();
    const exchange = new HttpExchange(old);
    assert.equal((await exchange.get("/")).status, 200);
    relay.renewAfter = "2999-01-01T00:00:00Z";
    await sleeps.end(60_000);
    await sleeps.begin(3_600_000);
    assert.equal(relay.issued.length, 3);
    const fresh = await relay.visit();
    assert.equal((await new HttpExchange(fresh).get("/")).status, 200);
    assert.equal((await exchange.get("/")).status, 200);
    old.close();
    fresh.close();
  }));

Deno.test("run() holds a lock on its state", () =>
  story(async ({ relay, start }) => {
    const first = start();
    await relay.ready(0);
    await assert.rejects(start().ended, /another glosson is running/);
    first.leave();
    assert.equal(await first.ended, undefined);
    const second = start();
    await relay.changes.until(() => relay.sessions.length === 2);
    second.leave();
    assert.equal(await second.ended, undefined);
  }));

Deno.test("run() that leaves as soon as it is online says of no way that it cannot be used", () =>
  story(async ({ relay, start }) => {
    const client = start({ pool: 4 });
    await relay.ready(4);
    client.leave();
    // As a relay does before the session has ended.
    relay.parked.splice(0).forEach(closeQuietly);
    assert.equal(await client.ended, undefined);
    assert.deepEqual(client.lines.filter((line) => line.includes(" warn ")), []);
  }));

Deno.test("run() leaves with close code 1000 and lets an answer finish", () =>
  story(async ({ relay, start }) => {
    const begun = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    await using upstream = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      async () => {
        begun.resolve();
        await finish.promise;
        return new Response("finished");
      },
    );
    const client = start({ upstream: parseUpstream(`${upstream.addr.port}`) });
    await relay.ready(0);
    const closed = new Promise<CloseEvent>((done) => relay.session!.socket.onclose = done);
    const idle = await relay.visit();
    const busy = await relay.visit();
    const answer = new HttpExchange(busy).get("/");
    await begun.promise;
    client.leave();
    assert.equal((await closed).code, 1000);
    // An idle connection is not waited for.
    assert.equal(await idle.read(new Uint8Array(1)).catch(() => null), null);
    finish.resolve();
    assert.equal((await answer).body, "finished");
    assert.equal(await client.ended, undefined);
    idle.close();
    busy.close();
  }));
