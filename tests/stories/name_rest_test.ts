import assert from "node:assert/strict";
import { glossond } from "./admin_command.ts";
import { type Relay, startRelay } from "./relay.ts";
import { apiOf, type Message, signUp } from "./user.ts";

const DAY_MS = 86_400_000;

/** Gives a name free as its owner. */
async function release(relay: Relay, username: string): Promise<void> {
  const { token } = await signUp(relay, username);
  const api = apiOf(relay);
  using _client = api.client;
  assert.equal((await api.request("DELETE", "/v1/account", { token })).status, 204);
}

/** Claims a name that rests; what the refusal says. */
async function refusal(relay: Relay, username: string): Promise<Message> {
  const api = apiOf(relay);
  using _client = api.client;
  const claim = await api.request("POST", "/v1/claims", { body: { username } });
  if (claim.status !== 201) return claim.body;
  await Deno.writeTextFile(`${relay.biosDir}/${username}.txt`, claim.body.code);
  return (await api.request("POST", `/v1/claims/${claim.body.claim}/verify`)).body;
}

function profileId(relay: Relay, username: string, id: string): Promise<void> {
  return Deno.writeTextFile(`${relay.biosDir}/${username}.id`, `${id}\n`);
}

const RESERVED = "urn:glosson:problem:reserved-username";

Deno.test("a released name is back at once for the profile that had it, and rests for others", async () => {
  await using relay = await startRelay();
  const users = (...words: string[]) => glossond(relay.stateDir, "users", ...words);
  await profileId(relay, "kaylee", "4711");
  await release(relay, "kaylee");
  await release(relay, "kaylee");
  await release(relay, "zoe");

  await profileId(relay, "kaylee", "4712");
  const successor = await refusal(relay, "kaylee");
  assert.equal(successor.type, RESERVED);
  assert.match(
    successor.detail,
    /^The name kaylee was released by the user who had it: until 20\d\d-\d\d-\d\d \d\d:\d\d UTC only the profile that had it/,
  );
  // Where profiles are not told from each other, who proves the name counts as who had it.
  await signUp(relay, "zoe");

  const list = await users();
  assert.match(list.stdout, /^kaylee +resting /m);
  const shown = JSON.parse((await users("show", "kaylee", "--json")).stdout);
  const restMs = Date.parse(shown.restsUntil) - Date.now();
  assert.ok(restMs > 29.9 * DAY_MS && restMs <= 30 * DAY_MS, shown.restsUntil);
  assert.deepEqual([shown.state, shown.createdAt], ["resting", null]);

  const already = await users("release", "kaylee");
  assert.equal(already.code, 1);
  assert.match(already.stderr, /kaylee is released already, and rests until .* --now ends that/);
  assert.equal(
    (await users("release", "kaylee", "--now")).stdout,
    "kaylee rests no more: the name is free\n",
  );
  await signUp(relay, "kaylee");
});
