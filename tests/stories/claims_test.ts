import assert from "node:assert/strict";
import { startRelay } from "./relay.ts";
import { apiOf, connectControl, signUp } from "./user.ts";

Deno.test("a claim is proved by its own code in the bio, and by nothing less", async () => {
  await using relay = await startRelay();
  const api = apiOf(relay);
  using _client = api.client;
  const bio = (text: string) => Deno.writeTextFile(`${relay.biosDir}/kaylee.txt`, text);
  const claim = async () =>
    (await api.request("POST", "/v1/claims", { body: { username: "kaylee" } })).body;
  const verify = async (secret: string) => await api.request("POST", `/v1/claims/${secret}/verify`);
  const type = (code: string) => `urn:glosson:problem:${code}`;

  const mine = await claim();
  const thiefs = await claim();
  assert.notEqual(mine.code, thiefs.code);

  // Another name, for it is remembered that there is no such profile.
  const simon = await api.request("POST", "/v1/claims", { body: { username: "simon" } });
  assert.equal((await verify(simon.body.claim)).body.type, type("profile-not-found"));
  for (
    const text of [
      "no code at all",
      `embedded-${mine.code}`,
      `${mine.code}x`,
      `_${mine.code}_`,
      `a${mine.code.toUpperCase()}`,
    ]
  ) {
    await bio(text);
    const { status, body } = await verify(mine.claim);
    assert.deepEqual([status, body.type], [409, type("code-not-found")], text);
  }

  // The thief reads the public code, but their claim asks for another one.
  // As a phone wrote it, in the HTML of an editor.
  const written = mine.code.replace("g", "G").replace("-", "&#8209;<wbr>");
  await bio(`<p>my bio. ${written}!</p>`);
  assert.equal((await verify(thiefs.claim)).status, 409);
  assert.equal((await verify(mine.code)).status, 404);
  const verified = await verify(mine.claim);
  assert.equal(verified.status, 200);
  assert.equal(verified.body.hostname, "kaylee.glosson.localhost");
  assert.equal((await verify(mine.claim)).status, 404, "a claim is good once");

  const account = await api.request("GET", "/v1/account", { token: verified.body.token });
  assert.equal(account.body.username, "kaylee");
});

Deno.test("a bio script that hangs, floods, forks or crashes is a 503, and leaves no process", async () => {
  const marker = crypto.randomUUID();
  const script = `
import os, sys, time
name = sys.argv[1]
if name == "hangs":
    time.sleep(600)
elif name == "floods":
    while True: sys.stdout.write("x" * 65536)
elif name == "forks":
    for _ in range(3):
        if os.fork() == 0:
            while True: time.sleep(1)
    time.sleep(600)
elif name == "crashes":
    os.abort()
# ${marker}
`;
  await using relay = await startRelay({ bioScript: script });
  const api = apiOf(relay);
  using _client = api.client;
  const started = performance.now();
  await Promise.all(["hangs", "floods", "forks", "crashes", "silent"].map(async (username) => {
    const { body } = await api.request("POST", "/v1/claims", { body: { username } });
    const answer = await api.request("POST", `/v1/claims/${body.claim}/verify`);
    assert.equal(answer.status, 503, username);
    assert.equal(answer.body.type, "urn:glosson:problem:profile-unavailable");
    assert.ok(answer.body.detail.length > 20);
  }));
  // Two waited for a place behind the four, at most once more the limit of 10 s.
  assert.ok(performance.now() - started < 25_000);
  assert.deepEqual(await processesOf(`${relay.dir}/get_bio.py`), []);
});

/** Command lines of the processes that run a script. */
async function processesOf(script: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const line = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "");
    if (line.includes(script)) found.push(line.replaceAll("\0", " "));
  }
  return found;
}

Deno.test("recovering a token closes the old session; releasing the name ends the account", async () => {
  await using relay = await startRelay();
  const first = await signUp(relay, "kaylee");
  const link = await connectControl(relay, first);
  const second = await signUp(relay, "kaylee");
  const goodbye = await link.next("goodbye");
  assert.deepEqual(goodbye, { type: "goodbye", reason: "revoked", retryAfterMs: null });
  assert.equal((await link.closed).code, 4401);

  const api = apiOf(relay);
  using _client = api.client;
  const old = await api.request("GET", "/v1/account", { token: first.token });
  assert.equal(old.status, 401);
  assert.equal(old.headers.get("WWW-Authenticate"), "Bearer");
  assert.equal(old.headers.get("Content-Type"), "application/problem+json");

  const last = await connectControl(relay, second);
  assert.equal((await api.request("DELETE", "/v1/account", { token: second.token })).status, 204);
  assert.equal((await last.closed).code, 4401);
  for (const token of [second.token, "malformed", ""]) {
    assert.deepEqual((await api.request("GET", "/v1/account", { token })).body, old.body);
  }
});

Deno.test("accounts and tokens survive kill -9", async () => {
  const dir = await Deno.makeTempDir({ prefix: "glossond-story-" });
  const relay = await startRelay({ dir });
  const user = await signUp(relay, "kaylee");
  await relay.stop("SIGKILL");
  await using again = await startRelay({ dir });
  const api = apiOf(again);
  using _client = api.client;
  const account = await api.request("GET", "/v1/account", { token: user.token });
  assert.equal(account.body.username, "kaylee");
});
