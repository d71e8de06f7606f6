import assert from "node:assert/strict";
import { lockStore } from "../store/helpers.ts";
import { glossond } from "./admin_command.ts";
import { BASE, startRelay } from "./relay.ts";
import {
  apiOf,
  connectControl,
  getCertificate,
  joinVisitors,
  serveUser,
  signUp,
  startPage,
  visit,
} from "./user.ts";

/** How long nobody may wait who has nothing to write; the lock is held for longer by far. */
const PROMPT_MS = 700;

/** Does something over and over until told to stop; returns the longest time that it took. */
async function longest(work: () => Promise<unknown>, over: AbortSignal): Promise<number> {
  let ms = 0;
  while (!over.aborted) {
    const began = performance.now();
    try {
      await work();
    } catch {
      return Infinity;
    }
    ms = Math.max(ms, performance.now() - began);
  }
  return ms;
}

Deno.test("while another program holds the database's lock, only who writes waits for it", async () => {
  await using relay = await startRelay({ settings: { LOG_LEVEL: "info" } });
  const user = await signUp(relay, "kaylee");
  await using _server = await serveUser(relay, user, () => new Response("here"));
  const simon = await signUp(relay, "simon");
  await using _link = await connectControl(relay, simon);
  const zoe = await signUp(relay, "zoe");
  const api = apiOf(relay);
  using _client = api.client;
  const claim = await api.request("POST", "/v1/claims", { body: { username: "inara" } });
  await Deno.writeTextFile(`${relay.biosDir}/inara.txt`, claim.body.code);
  // The first page of each kind takes longer.
  await visit(relay, user.hostname);
  await visit(relay, BASE);

  const writes: Promise<unknown>[] = [];
  let settled = 0;
  const certificate = () => getCertificate(relay, simon).then(() => ({ status: 200 }));
  const over = new AbortController();
  using held = lockStore(relay.stateDir);
  const watches = [
    longest(() => visit(relay, user.hostname), over.signal),
    longest(() => visit(relay, BASE), over.signal),
    longest(() => api.request("GET", "/v1/account", { token: user.token }), over.signal),
  ];
  const { token } = user;
  for (
    const write of [
      api.request("POST", `/v1/claims/${claim.body.claim}/verify`),
      api.request("PATCH", "/v1/account", { token, body: { away: "at lunch" } }),
      api.request("DELETE", "/v1/account", { token: zoe.token }),
      certificate(),
    ]
  ) writes.push(write.catch((error) => error).finally(() => settled++));
  // A claim has nothing to write.
  const other = await api.request("POST", "/v1/claims", { body: { username: "wash" } });
  assert.equal(other.status, 201);
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  const answered = settled;
  over.abort();
  for (const ms of await Promise.all(watches)) assert.ok(ms < PROMPT_MS, `${ms} ms`);
  assert.equal(answered, 0, "they wait for the lock");
  held[Symbol.dispose]();

  const answers = await Promise.all(writes) as { status: number }[];
  assert.deepEqual(answers.map(({ status }) => status), [200, 200, 204, 200]);
  assert.deepEqual(relay.lines.filter((line) => line.level === "error"), []);
});

Deno.test("a lock that is never given back ends in busy, and the relay goes on after it", async () => {
  await using relay = await startRelay({ settings: { LOG_LEVEL: "info" } });
  const user = await signUp(relay, "kaylee");
  const api = apiOf(relay);
  using _client = api.client;
  const change = () =>
    api.request("PATCH", "/v1/account", { token: user.token, body: { lastSeen: false } });
  {
    using _held = lockStore(relay.stateDir);
    const answer = await change();
    assert.deepEqual([answer.status, answer.body.type], [503, "urn:glosson:problem:busy"]);
    const { code, stderr } = await glossond(relay.stateDir, "users", "block", "kaylee");
    assert.match(
      stderr,
      /^glossond: Cannot use the database \S+: database is locked; .*fuser.*\n$/,
    );
    assert.equal(code, 1);
  }
  assert.equal((await change()).status, 200);
});

Deno.test("a relay starts, and serves who is online, while another program holds the database's lock", async () => {
  await using before = await startRelay();
  const user = await signUp(before, "kaylee");
  await using page = await startPage(before, user, () => new Response("here"), "http/1.1");
  await before.stop();
  using held = lockStore(before.stateDir);
  await using relay = await startRelay({ dir: before.dir });
  await using _online = await joinVisitors(relay, user, page.port);
  assert.equal((await visit(relay, user.hostname)).status, 200);
  held[Symbol.dispose]();
});
