import assert from "node:assert/strict";
import { UserCaaDesk } from "../../lib/account/user_caa.ts";
import { recordedLog } from "../certificate/helpers.ts";
import { grantToken } from "../store/grant_token.ts";
import { memoryStore } from "../store/helpers.ts";
import { testApi } from "./services.ts";

const OWN = { account: "https://ca.test:14000/acct/7?x=1", authority: "ca.test" };

const NOT_POSSIBLE: unknown[] = [
  {},
  { account: "Relay" },
  { account: "" },
  { account: 7 },
  { account: OWN.account },
  { ...OWN, authority: null },
  { ...OWN, authority: "ca.test; x=y" },
  { ...OWN, authority: 'ca.test"' },
  { ...OWN, account: "http://ca.test/1" },
  { ...OWN, account: "https://ca.test/1;2" },
  { ...OWN, account: 'https://ca.test/"1' },
  { ...OWN, account: "https://ca.test/1\n2" },
  { ...OWN, account: `https://ca.test/${"1".repeat(300)}` },
];

Deno.test("PUT /v1/caa takes the relay, an account that can stand in a record, or nothing", async () => {
  const { store } = memoryStore();
  const token = await grantToken(store, "kaylee");
  const log = recordedLog();
  const ended: string[] = [];
  let away = true;
  const { ask } = testApi({
    accounts: store.accounts,
    caa: new UserCaaDesk({
      store: store.caa,
      writer: {
        follow: () => away ? Promise.reject(new Error("the DNS is away")) : Promise.resolve(),
        inspectCaa: () => Promise.resolve({ values: ['0 issue "x"'], written: !away }),
      },
      ownAccount: "{}",
      abortOrder: (username) => void ended.push(username),
      hostnameOf: (username) => `${username}.test`,
      log,
    }),
    log,
  });
  const put = async (body: unknown, by = token) => {
    const answer = await ask("PUT", "/v1/caa", { token: by, body });
    return { status: answer.status, body: await answer.json() };
  };
  for (const body of NOT_POSSIBLE) {
    const { status, body: { type, detail } } = await put(body);
    assert.deepEqual([status, type], [400, "urn:glosson:problem:invalid-preference"]);
    assert.match(detail, /^account is "relay", null, or the https:\/\/ URL of your ACME account/);
  }
  assert.equal(await store.caa.of("kaylee"), undefined);
  assert.equal((await put(OWN, "nobody's")).status, 401);

  const waiting = await put(OWN);
  assert.deepEqual(waiting, {
    status: 200,
    body: {
      ...OWN,
      ...{ records: ['kaylee.test. IN CAA 0 issue "x"'], written: false },
      detail: "The relay writes the records within a minute.",
    },
  });
  assert.match(log.text(), /^warn CAA records not written yet; tried again within a minute/m);
  assert.deepEqual(ended, ["kaylee"]);
  away = false;
  assert.equal((await put({ account: "relay" })).body.written, true);
  assert.equal(await store.caa.of("kaylee"), "relay");
  const got = await (await ask("GET", "/v1/caa", { token })).json();
  assert.deepEqual([got.account, got.authority, got.detail], ["relay", null, null]);
  assert.equal((await put({ account: null })).body.account, null);
  assert.equal(await store.caa.of("kaylee"), undefined);
  for (let i = 0; i < 17; i++) assert.equal((await put({ account: null })).status, 200);
  assert.equal((await put({ account: null })).status, 429);
  assert.deepEqual(ended, ["kaylee"], "the relay goes on ordering");
  await store.close();
});

Deno.test("GET /v1/caa looks at the zone once in a while, however often it is asked, and after each change", async () => {
  const { store } = memoryStore();
  const token = await grantToken(store, "kaylee");
  let now = 0;
  let looks = 0;
  const desk = new UserCaaDesk({
    store: store.caa,
    writer: {
      follow: () => Promise.resolve(),
      inspectCaa: () => Promise.resolve({ values: [`${++looks}`], written: true }),
    },
    ...{ ownAccount: "{}", abortOrder: () => {}, log: recordedLog(), now: () => now },
    hostnameOf: (username) => `${username}.test`,
  });
  const look = async (username = "kaylee") => (await desk.of(username)).records[0];
  await Promise.all([look(), look()]);
  now = 4_999;
  assert.equal(await look(), "kaylee.test. IN CAA 1");
  assert.equal(await look("zoe"), "zoe.test. IN CAA 2");
  const set = await desk.set("kaylee", "relay", token);
  assert.ok(set.ok);
  assert.deepEqual(set.records, ["kaylee.test. IN CAA 3"]);
  assert.deepEqual([await look(), looks], [set.records[0], 3]);
  now += 5_000;
  assert.equal(await look(), "kaylee.test. IN CAA 4");
  await store.close();
});

Deno.test("a relay that does not hold the names' zone has no CAA records to write", async () => {
  const { store } = memoryStore();
  const token = await grantToken(store, "kaylee");
  const { ask } = testApi({ accounts: store.accounts });
  for (const [method, body] of [["GET", undefined], ["PUT", { account: "relay" }]] as const) {
    const answer = await ask(method, "/v1/caa", { token, body });
    assert.equal(answer.status, 404);
    assert.match((await answer.json()).detail, /writes no CAA records/);
  }
  await store.close();
});
