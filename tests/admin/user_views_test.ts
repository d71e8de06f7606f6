import assert from "node:assert/strict";
import { createUserViews } from "../../lib/admin/user_views.ts";
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
