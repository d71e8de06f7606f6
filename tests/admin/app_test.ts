import assert from "node:assert/strict";
import { healthApp, type HealthAppOptions } from "../../lib/admin/app.ts";
import { commandsApp, type RenewalLine } from "../../lib/admin/commands.ts";
import type { StatusReport } from "../../lib/admin/status.ts";
import { createUserDesk } from "../../lib/admin/user_desk.ts";
import { grantToken } from "../store/grant_token.ts";
import { memoryStore } from "../store/helpers.ts";
import { SILENT_LOG } from "../../lib/log.ts";

function healthWith(options: Partial<HealthAppOptions> = {}) {
  return healthApp({
    hostname: "127.0.0.1",
    checks: () => [],
    metrics: (openMetrics) => Promise.resolve({ type: "text/plain", body: String(openMetrics) }),
    ...options,
  });
}

function commandsWith(lines: RenewalLine[] = []) {
  const { store } = memoryStore();
  const { accounts } = store;
  // The block has to be stored by the time of the cut.
  let stored = false;
  const cutOff: string[] = [];
  const app = commandsApp({
    status: () => Promise.resolve({ software: "test" } as StatusReport),
    users: createUserDesk({
      accounts: {
        ...accounts,
        async setBlocked(username, blocked, trace) {
          const changed = await accounts.setBlocked(username, blocked, trace);
          stored = blocked;
          return changed;
        },
      },
      acts: store.acts,
      rests: store.rests,
      profiles: store.profiles,
      domains: store.domains,
      caa: store.caa,
      figures: store.figures,
      limits: { own: store.limits.of, set: store.limits.set },
      log: SILENT_LOG,
      hostnameOf: (username) => `${username}.glosson.example`,
      certificates: { latest: () => Promise.resolve(undefined), suspend: () => Promise.resolve() },
      release: (username, trace, { rests }) =>
        accounts.release(username, trace, { restMs: rests ? 1_000 : 0 }),
      live: {
        isOnline: () => false,
        visitors: () => 0,
        dataPath: () => "works",
        parked: () => 0,
        pool: () => 0,
        lastOnlineAt: () => undefined,
        cutOff: (username) => {
          cutOff.push(`${username} ${stored}`);
        },
      },
    }),
    renew(force, tell) {
      tell({ step: "asked", fields: { force, why: new Error("no reason") } });
      for (const line of lines) tell(line);
      return Promise.resolve();
    },
    handOver: {
      openLine: () => "/state/line.sock",
      look: () => Promise.resolve({ online: ["kaylee"], ports: { hub: 443 } }),
      leaveVisitors: () => Promise.reject(new Error("the disk is full")),
      resume: () => Promise.resolve(void cutOff.push("resume")),
      leaveClients: () => Promise.resolve(void cutOff.push("leave")),
    },
    bio: () => Promise.reject(new Error("not here")),
    backup: () => Promise.resolve(new Blob(["all"]).stream()),
    goodTickets: () => ({ dataPort: 9000, tickets: [] }),
    ownMetrics: () => Promise.resolve([]),
    isUsername: (text) => /^[a-z]+$/.test(text),
    isOutage: () => false,
  });
  return { app, store, cutOff };
}

Deno.test("healthApp() answers /readyz by its checks", async () => {
  const checks = [{ name: "one", ok: true }, { name: "two", ok: false, detail: "it is not" }];
  const app = healthWith({ checks: () => checks });
  const answer = await app.request("/readyz");
  assert.equal(answer.status, 503);
  assert.deepEqual(await answer.json(), { ready: false, checks });
  assert.equal((await app.request("/healthz")).status, 200);
});

Deno.test("healthApp() gives OpenMetrics to those who ask for it", async () => {
  const app = healthWith();
  const accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
  const answer = await app.request("/metrics", { headers: { Accept: accept } });
  assert.equal(await answer.text(), "true");
  assert.equal(await (await app.request("/metrics")).text(), "false");
});

Deno.test("healthApp() takes no command", () => {
  const paths = healthWith().routes.map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(paths.sort(), ["GET /healthz", "GET /metrics", "GET /readyz"]);
});

Deno.test("commandsApp() blocks, unblocks and releases", async () => {
  const { app, store, cutOff } = commandsWith();
  await grantToken(store, "kaylee");
  const post = (path: string): Promise<Response> =>
    Promise.resolve(
      app.request(path, { method: "POST", body: '{"uid":0,"sudoUid":1000,"reason":"spam"}' }),
    );
  assert.equal((await post("/v1/users/kaylee/block")).status, 200);
  assert.deepEqual(cutOff, ["kaylee true"]);
  const shown = await app.request("/v1/users/kaylee");
  assert.ok((await shown.json()).blockedAt);
  assert.deepEqual(await (await post("/v1/users/kaylee/unblock")).json(), { changed: true });
  assert.deepEqual(await (await post("/v1/users/kaylee/unblock")).json(), { changed: false });
  assert.deepEqual(await (await post("/v1/users/kaylee/release")).json(), { changed: true });
  assert.deepEqual(await (await post("/v1/users/kaylee/release")).json(), { changed: false });
  assert.equal((await (await app.request("/v1/users/kaylee")).json()).state, "resting");
  assert.deepEqual(await (await post("/v1/users/kaylee/end-rest")).json(), { changed: true });
  assert.equal((await app.request("/v1/users/kaylee")).status, 404);
  assert.equal((await post("/v1/users/No!/block")).status, 400);
  const bodies = [
    undefined,
    "[",
    "null",
    '{"reason":7}',
    JSON.stringify({ reason: "x".repeat(501) }),
  ];
  for (const body of bodies) {
    for (const act of ["block", "limit"]) {
      const { status } = await app.request(`/v1/users/kaylee/${act}`, { method: "POST", body });
      assert.equal(status, 400, `${act} with ${body}`);
    }
  }
  const acts = await (await app.request("/v1/users/kaylee/acts")).json();
  assert.deepEqual(acts.map((act: { act: string }) => act.act), [
    ...["block", "unblock", "release", "end-rest"],
  ]);
  assert.deepEqual(await (await app.request("/v1/acts")).json(), acts);
  const { at, ...block } = acts[0];
  assert.match(at, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.deepEqual(block, {
    ...{ act: "block", username: "kaylee", detail: null },
    ...{ by: "operator", uid: 0, sudoUid: 1000, reason: "spam" },
  });
  assert.equal((await app.request("/v1/users/kaylee/block")).status, 404);
});

Deno.test("commandsApp() tells a renewal line by line", async () => {
  const end: RenewalLine = { result: "renewed", fields: { notAfter: "then" }, usable: true };
  const { app } = commandsWith([end]);
  const answer = await app.request("/v1/certificate/renew?force=true", { method: "POST" });
  const lines = (await answer.text()).trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(lines, [{ step: "asked", fields: { force: true, why: "no reason" } }, end]);
});

Deno.test("commandsApp() takes each step of a hand-over", async () => {
  const { app, cutOff } = commandsWith();
  const look = await app.request("/v1/hand-over");
  assert.deepEqual(await look.json(), { online: ["kaylee"], ports: { hub: 443 } });
  const line = await app.request("/v1/hand-over/line", { method: "POST" });
  assert.deepEqual(await line.json(), { path: "/state/line.sock" });
  // An older build, which is gone back to.
  assert.deepEqual(await (await app.request("/v1/hand-over/waited-for")).json(), []);
  const failed = await app.request("/v1/hand-over/visitors", { method: "POST" });
  assert.equal(failed.status, 500);
  for (const step of ["resume", "clients"]) {
    assert.equal((await app.request(`/v1/hand-over/${step}`, { method: "POST" })).status, 200);
  }
  assert.deepEqual(cutOff, ["resume", "leave"]);
});

Deno.test("commandsApp() hands out a copy of all", async () => {
  const { app } = commandsWith();
  assert.equal(await (await app.request("/v1/backup")).text(), "all");
});
