import assert from "node:assert/strict";
import { writeAll } from "../../lib/net/splice.ts";
import { latin1 } from "../../lib/wire/latin1.ts";
import { openTls, raw } from "./raw_https.ts";
import { startRelay } from "./relay.ts";
import { apiOf, connectControl, getCertificate, signUp } from "./user.ts";

Deno.test("the account tells whether it is online, since when not, and its certificate", async () => {
  await using relay = await startRelay();
  const user = await signUp(relay, "kaylee");
  const api = apiOf(relay);
  using _client = api.client;
  const account = async () => (await api.request("GET", "/v1/account", { token: user.token })).body;
  assert.deepEqual(await account(), {
    username: "kaylee",
    hostname: user.hostname,
    online: false,
    certificate: null,
    lastOnlineAt: null,
    offlinePage: "full",
    lastSeen: true,
    away: null,
    domains: [],
  });

  await getCertificate(relay, user);
  const link = await connectControl(relay, user);
  const online = await account();
  assert.equal(online.online, true);
  assert.ok(Math.abs(Date.parse(online.lastOnlineAt) - Date.now()) < 10_000);
  assert.ok(Date.parse(online.certificate.notAfter) > Date.now());

  await link[Symbol.asyncDispose]();
  await relay.logged("client offline", { username: "kaylee" });
  const offline = await account();
  assert.equal(offline.online, false);
  assert.match(offline.lastOnlineAt, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
});

Deno.test("answers come in one piece, on a connection that is kept too, so that no part waits for an acknowledgement", async () => {
  await using relay = await startRelay();
  using tls = await openTls(relay, { listener: "control", serverName: "localhost" });
  const answer = new Uint8Array(64 * 1024);
  for (let i = 0; i < 3; i++) {
    await writeAll(tls, raw("GET /v1/relay HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    const text = latin1(answer, 0, (await tls.read(answer))!);
    const [head = "", body = ""] = text.split("\r\n\r\n");
    assert.equal(Number(/content-length: (\d+)/i.exec(head)?.[1]), body.length, text);
  }
});

Deno.test("requests that cannot be served get a problem that names the fix", async () => {
  await using relay = await startRelay();
  const user = await signUp(relay, "kaylee");
  const api = apiOf(relay);
  using _client = api.client;
  const { token } = user;
  const cases: [string, string, { token?: string; body?: unknown }, number, string][] = [
    ["POST", "/v1/claims", { body: { username: "K" } }, 400, "invalid-username"],
    ["POST", "/v1/claims", { body: {} }, 400, "invalid-username"],
    ["POST", "/v1/claims", { body: { username: 7 } }, 400, "invalid-username"],
    ["POST", "/v1/claims", { body: { username: "xn--bcher-kva" } }, 400, "invalid-username"],
    ["POST", "/v1/claims", { body: { username: "postmaster" } }, 403, "reserved-username"],
    ["POST", "/v1/claims", { body: [] }, 400, "bad-request"],
    ["POST", "/v1/claims/nonsense/verify", {}, 404, "claim-not-found"],
    ["POST", "/v1/certificates", { token, body: {} }, 400, "bad-csr"],
    ["POST", "/v1/certificates", { token, body: { csr: "nonsense" } }, 400, "bad-csr"],
    ["POST", "/v1/certificates", { body: { csr: "nonsense" } }, 401, "unauthorized"],
    ["GET", "/v1/certificates/nonsense", { token }, 404, "certificate-not-found"],
    ["GET", "/v1/nothing", {}, 404, "not-found"],
    ["PUT", "/v1/account", { token }, 405, "method-not-allowed"],
  ];
  const refused = await api.request("PUT", "/v1/account", { token });
  assert.equal(refused.headers.get("Allow"), "GET, HEAD, PATCH, DELETE");
  for (const [method, path, options, status, code] of cases) {
    const answer = await api.request(method, path, options);
    assert.equal(answer.headers.get("Content-Type"), "application/problem+json", path);
    assert.deepEqual(
      { type: answer.body.type, status: answer.body.status, http: answer.status },
      { type: `urn:glosson:problem:${code}`, status, http: status },
    );
    assert.ok(answer.body.title && answer.body.detail);
  }
});

Deno.test("claims of one address are limited, and told when to come back", async () => {
  await using relay = await startRelay({ settings: { CLAIMS_PER_HOUR: "3" } });
  const api = apiOf(relay);
  using _client = api.client;
  for (const [username, status] of [["aa", 201], ["bb", 201], ["cc", 201], ["dd", 429]] as const) {
    const answer = await api.request("POST", "/v1/claims", { body: { username } });
    assert.equal(answer.status, status);
    assert.equal(Number(answer.headers.get("Retry-After")) > 0, status === 429);
  }
});

Deno.test("the OpenAPI document describes every address that the relay serves", async () => {
  await using relay = await startRelay();
  const api = apiOf(relay);
  using _client = api.client;
  const { body } = await api.request("GET", "/v1/openapi.json");
  assert.equal(body.openapi, "3.1.0");
  assert.deepEqual(Object.keys(body.paths).sort(), [
    "/v1/account",
    "/v1/caa",
    "/v1/certificates",
    "/v1/certificates/{id}",
    "/v1/claims",
    "/v1/claims/{claim}/verify",
    "/v1/control",
    "/v1/data",
    "/v1/domains/{domain}",
    "/v1/openapi.json",
    "/v1/relay",
  ]);
  const claim = body.paths["/v1/claims"].post;
  assert.deepEqual(
    claim.requestBody.content["application/json"].schema.required,
    ["username"],
  );
  const statuses = ["201", "400", "403", "408", "413", "415", "429", "503", "default"];
  assert.deepEqual(Object.keys(claim.responses), statuses);
  const relayInfo = await api.request("GET", "/v1/relay");
  const schema = body.paths["/v1/relay"].get.responses["200"].content["application/json"].schema;
  assert.deepEqual(Object.keys(relayInfo.body).sort(), Object.keys(schema.properties).sort());
});

Deno.test("peers cannot write lines of errors into the log", async () => {
  await using relay = await startRelay();
  const user = await signUp(relay, "kaylee");
  const requests: [string, string, string][] = [
    [
      "control",
      "localhost",
      "POST /v1/claims HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{",
    ],
    [
      "control",
      "localhost",
      `HEAD /v1/control HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nAuthorization: Bearer ${user.token}\r\n` +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: glosson.v1\r\nSec-WebSocket-Key: x\r\n\r\n",
    ],
    ["hub", user.hostname, `GET / HTTP/1.1\r\nHost: ${user.hostname}:99999999\r\n\r\n`],
  ];
  for (const [port, hostname, request] of requests) {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: relay.ports[port]! });
    using tls = await Deno.startTls(conn, {
      hostname,
      caCerts: [relay.ca],
      alpnProtocols: ["http/1.1"],
    });
    await tls.write(new TextEncoder().encode(request));
    if (!request.includes("Content-Length")) {
      const answer = new Uint8Array(4096);
      const n = await tls.read(answer);
      const status = new TextDecoder().decode(answer.subarray(0, n!)).split(" ")[1];
      assert.equal(status, port === "hub" ? "400" : "426");
    }
  }
  assert.equal((await relay.stop()).code, 0);
  assert.deepEqual(relay.lines.filter((line) => line.level === "error"), []);
});
