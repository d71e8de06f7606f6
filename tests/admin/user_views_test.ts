import assert from "node:assert/strict";
import { createUserViews } from "../../lib/admin/user_views.ts";
import { userText } from "../../lib/command/users_text.ts";
import { grantToken } from "../store/grant_token.ts";
import { memoryStore } from "../store/helpers.ts";
import { TRACE } from "../store/trace.ts";

Deno.test("createUserViews() lists every name once, and lets others have their turn", async () => {
  const { store } = memoryStore();
  const names = Array.from({ length: 200 }, (_, i) => `user${1_000 + i}`);
  for (const name of names) await grantToken(store, name);
  const { accounts } = store;
  await accounts.release("user1000", TRACE, { restMs: 60_000 });
  for (const name of ["user1000", "user1001", "zoe"]) await accounts.setBlocked(name, true, TRACE);
  await accounts.release("user1002", TRACE, { restMs: 60_000 });
  const { list } = createUserViews({
    ...store,
    limits: { own: store.limits.of },
    hostnameOf: (username) => `${username}.glosson.test`,
    certificates: { latest: () => Promise.resolve(undefined) },
  });
  let turns = 0;
  const timer = setInterval(() => turns++);
  const views = await list();
  clearInterval(timer);
  await store.close();
  assert.deepEqual(views.map(({ username }) => username), [...names, "zoe"]);
  const states = views.filter(({ state }) => state !== "setup").map((view) => [
    ...[view.username, view.state, view.createdAt !== null, view.restsUntil !== null],
  ]);
  assert.deepEqual(states, [
    ["user1000", "blocked", false, true],
    ["user1001", "blocked", true, false],
    ["user1002", "resting", false, true],
    ["zoe", "blocked", false, false],
  ]);
  assert.ok(turns >= 2, `${turns} turns of others`);
});

Deno.test("createUserViews() tells the domains of a user's own, which userText() shows", async () => {
  const { store } = memoryStore();
  const token = await grantToken(store, "kaylee");
  const { show } = createUserViews({
    ...store,
    limits: { own: store.limits.of },
    hostnameOf: (username) => `${username}.glosson.test`,
    certificates: { latest: () => Promise.resolve(undefined) },
  });
  const before = await show("kaylee");
  for (const domain of ["example.org", "blog.example.org"]) {
    await store.domains.put(domain, token, { max: 10, dueMs: 0 });
  }
  const after = await show("kaylee");
  await store.close();
  assert.deepEqual([before?.domains, after?.domains], [[], ["blog.example.org", "example.org"]]);
  assert.doesNotMatch(userText(before!), /own domains/);
  assert.match(userText(after!), /^own domains +blog\.example\.org, example\.org$/m);
});

Deno.test("createUserViews() asks the DNS server for all of a user at once", async () => {
  const { store } = memoryStore();
  await store.caa.set(await grantToken(store, "kaylee"), "relay", "{}");
  const asked = Promise.withResolvers<void>();
  const none = () => 0;
  const inDns = { state: "wildcard" as const, addresses: [], wildcard: [] };
  const { show } = createUserViews({
    ...store,
    limits: { own: store.limits.of },
    hostnameOf: (username) => `${username}.glosson.test`,
    certificates: { latest: () => Promise.resolve(undefined) },
    live: {
      ...{ isOnline: () => false, visitors: none, parked: none, pool: none },
      ...{ dataPath: () => undefined, lastOnlineAt: () => undefined },
      // Answers once the other one is asked, too.
      inDns: () => asked.promise.then(() => inDns),
      caaInDns() {
        asked.resolve();
        return Promise.resolve({ written: true });
      },
    },
  });
  const shown = await show("kaylee", { dns: true });
  await store.close();
  assert.deepEqual([shown?.dns, shown?.caa?.written], [inDns, true]);
});
