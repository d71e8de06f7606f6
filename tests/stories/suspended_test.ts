import assert from "node:assert/strict";
import { startRelay } from "./relay.ts";
import { apiOf, connectControl, signUp } from "./user.ts";
import { glossond } from "./admin_command.ts";

const SUSPENDED = [403, "urn:glosson:problem:suspended"];

Deno.test("a blocked name is told so by every authorised request and by claims, and its session ended", async () => {
  await using relay = await startRelay();
  const user = await signUp(relay, "kaylee");
  const { token } = user;
  const api = apiOf(relay);
  using _client = api.client;
  const open = await api.request("POST", "/v1/claims", { body: { username: "kaylee" } });
  const link = await connectControl(relay, user);
  const { code } = await glossond(relay.stateDir, "users", "block", "kaylee");
  assert.equal(code, 0);
  assert.deepEqual(await link.next("goodbye"), {
    type: "goodbye",
    reason: "revoked",
    retryAfterMs: null,
  });
  assert.equal((await link.closed).code, 4401);

  const requests: [method: string, path: string, options: { token?: string; body?: unknown }][] = [
    ["GET", "/v1/account", { token }],
    ["PATCH", "/v1/account", { token, body: { lastSeen: false } }],
    ["PATCH", "/v1/account", { token, body: { lastSeen: "wrong" } }],
    ["DELETE", "/v1/account", { token }],
    ["POST", "/v1/certificates", { token, body: { csr: "nonsense" } }],
    ["POST", "/v1/certificates", { token }],
    ["GET", "/v1/certificates/nonsense", { token }],
    // Before the question whether it is a WebSocket.
    ["GET", "/v1/control", { token }],
    ["POST", "/v1/claims", { body: { username: "kaylee" } }],
    ["POST", `/v1/claims/${open.body.claim}/verify`, {}],
  ];
  for (const [method, path, options] of requests) {
    const { status, body, headers } = await api.request(method, path, options);
    assert.deepEqual([status, body.type], SUSPENDED, `${method} ${path}`);
    assert.equal(headers.get("Content-Type"), "application/problem+json");
    assert.ok(body.title && body.detail);
  }
  await assert.rejects(connectControl(relay, user), "its WebSocket is not opened");

  // All of it was refused: the account is as it was.
  await glossond(relay.stateDir, "users", "unblock", "kaylee");
  const account = await api.request("GET", "/v1/account", { token });
  assert.deepEqual([account.status, account.body.lastSeen], [200, true]);
  await using _again = await connectControl(relay, user);
});
