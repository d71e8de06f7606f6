import assert from "node:assert/strict";
import { adminApp, type AdminAppOptions } from "../../lib/admin/app.ts";
import type { StatusReport } from "../../lib/admin/status.ts";
import { createUserDesk } from "../../lib/admin/users.ts";
import { createAccountStore } from "../../lib/account/store.ts";
import { openDatabase } from "../../lib/database.ts";

const BEARER = { Authorization: "Bearer right" };

function appWith(options: Partial<AdminAppOptions> = {}) {
  const accounts = createAccountStore(openDatabase(":memory:"));
  const cutOff: string[] = [];
  const app = adminApp({
    token: "right",
    checks: () => [],
    status: () => ({ software: "test" }) as StatusReport,
    users: createUserDesk({
      accounts,
      hostnameOf: (username) => `${username}.glosson.example`,
      certificates: { latest: () => undefined, suspend: () => Promise.resolve() },
      release: (username) => accounts.release(username),
      live: {
        isOnline: () => false,
        visitors: () => 0,
        dataPath: () => "works",
        parked: () => 0,
        lastOnlineAt: () => undefined,
        cutOff: (username) => {
          // The block has to be stored by now.
          cutOff.push(`${username} ${accounts.isBlocked(username)}`);
        },
      },
    }),
    isUsername: (text) => /^[a-z]+$/.test(text),
    metrics: (openMetrics) => Promise.resolve({ type: "text/plain", body: String(openMetrics) }),
    ...options,
  });
  return { app, accounts, cutOff };
}

Deno.test("adminApp() answers /readyz by its checks", async () => {
  const checks = [{ name: "one", ok: true }, { name: "two", ok: false, detail: "it is not" }];
  const { app } = appWith({ checks: () => checks });
  const answer = await app.request("/readyz");
  assert.equal(answer.status, 503);
  assert.deepEqual(await answer.json(), { ready: false, checks });
  assert.equal((await app.request("/healthz")).status, 200);
});

Deno.test("adminApp() gives OpenMetrics to those who ask for it", async () => {
  const { app } = appWith();
  const accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
  const answer = await app.request("/metrics", { headers: { Accept: accept } });
  assert.equal(await answer.text(), "true");
  assert.equal(await (await app.request("/metrics")).text(), "false");
});

Deno.test("adminApp() asks for the token below /v1/", async () => {
  const { app, accounts } = appWith();
  for (const Authorization of ["", "right", "Bearer  ", "Bearer wrong", "Bearer right more"]) {
    for (const path of ["/v1/status", "/v1/users", "/v1/nothing"]) {
      assert.equal((await app.request(path, { headers: { Authorization } })).status, 401);
    }
  }
  await app.request("/v1/users/kaylee/block", { method: "POST" });
  assert.equal(accounts.isBlocked("kaylee"), false);
  assert.equal((await app.request("/v1/status", { headers: BEARER })).status, 200);
});

Deno.test("adminApp() blocks, unblocks and releases", async () => {
  const { app, accounts, cutOff } = appWith();
  accounts.grantToken("kaylee");
  const post = (path: string): Promise<Response> =>
    Promise.resolve(app.request(path, { method: "POST", headers: BEARER }));
  assert.equal((await post("/v1/users/kaylee/block")).status, 200);
  assert.deepEqual(cutOff, ["kaylee true"]);
  const shown = await app.request("/v1/users/kaylee", { headers: BEARER });
  assert.ok((await shown.json()).blockedAt);
  assert.deepEqual(await (await post("/v1/users/kaylee/unblock")).json(), { changed: true });
  assert.deepEqual(await (await post("/v1/users/kaylee/unblock")).json(), { changed: false });
  assert.deepEqual(await (await post("/v1/users/kaylee/release")).json(), { changed: true });
  assert.deepEqual(await (await post("/v1/users/kaylee/release")).json(), { changed: false });
  assert.equal((await app.request("/v1/users/kaylee", { headers: BEARER })).status, 404);
  assert.equal((await post("/v1/users/No!/block")).status, 400);
  assert.equal((await app.request("/v1/users/kaylee/block", { headers: BEARER })).status, 404);
});
