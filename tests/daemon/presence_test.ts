import assert from "node:assert/strict";
import { createPresence, type Presence } from "../../lib/daemon/presence.ts";
import { Session } from "../../lib/session/session.ts";
import { Sessions } from "../../lib/session/sessions.ts";
import { Tickets } from "../../lib/session/tickets.ts";
import { SILENT_LOG } from "../../lib/log.ts";
import type { AccountStore } from "../../lib/store/accounts.ts";
import type { Store } from "../../lib/store/store.ts";
import { grantToken } from "../store/grant_token.ts";
import { type Holdable, holdable } from "../store/held.ts";
import { memoryStore } from "../store/helpers.ts";
import { TRACE } from "../store/trace.ts";

interface World {
  store: Store;
  accounts: Holdable<AccountStore>;
  sessions: Sessions;
  /** Times that are not written yet. */
  pending: Map<string, number>;
  presence: Presence;
}

function presenceTest(name: string, story: (world: World) => Promise<void>): void {
  Deno.test(name, async () => {
    const { store } = memoryStore();
    const accounts = holdable(store.accounts);
    const sessions = new Sessions();
    const pending = new Map<string, number>();
    const presence = createPresence({
      accounts: accounts.kind,
      hidden: await store.accounts.hiddenNames(),
      sessions,
      lastOnline: { pending: (username) => pending.get(username) },
      log: SILENT_LOG,
    });
    await story({ store, accounts, sessions, pending, presence });
    await store.close();
  });
}

function online(sessions: Sessions): void {
  sessions.add(new Session({ username: "kaylee", tickets: new Tickets(), send() {} }));
}

presenceTest("status() tells how a name stands", async ({ store, sessions, presence }) => {
  const { accounts, onlineTimes } = store;
  assert.deepEqual(await presence.status("kaylee"), { state: "unknown" });
  const token = await grantToken(store, "kaylee");
  assert.deepEqual(await presence.status("kaylee"), { state: "setup" });
  await onlineTimes.markSeen(new Map([["kaylee", { at: 5 }]]));
  await accounts.setPreferences(token, { away: "at lunch" });
  assert.deepEqual(await presence.status("kaylee"), {
    state: "offline",
    lastOnlineAt: 5,
    away: "at lunch",
  });
  await accounts.setPreferences(token, { lastSeen: false, away: null });
  assert.deepEqual(await presence.status("kaylee"), { state: "offline" });
  online(sessions);
  assert.deepEqual(await presence.status("kaylee"), { state: "online", unreachable: false });
  await accounts.setBlocked("kaylee", true, TRACE);
  await accounts.setBlocked("mallory", true, TRACE);
  assert.deepEqual(await presence.status("kaylee"), { state: "suspended" });
  assert.deepEqual(await presence.status("mallory"), { state: "suspended" });
});

presenceTest("status() of a user who comes online while it is asked is online", async (world) => {
  const { store, accounts, sessions, presence } = world;
  await grantToken(store, "kaylee");
  const read = accounts.holdAnswer("byUsername");
  const status = presence.status("kaylee");
  await read.reached;
  online(sessions);
  read.release();
  assert.equal((await status).state, "online");
});

presenceTest("status() misses no time that is written while it is asked", async (world) => {
  const { store, accounts, pending, presence } = world;
  await grantToken(store, "kaylee");
  pending.set("kaylee", 7);
  const read = accounts.holdAnswer("byUsername");
  const status = presence.status("kaylee");
  await read.reached;
  await store.onlineTimes.markSeen(new Map([["kaylee", { at: 7 }]]));
  pending.delete("kaylee");
  read.release();
  assert.deepEqual(await status, { state: "offline", lastOnlineAt: 7 });
});

presenceTest("status() tells what is in memory while the store is away", async (world) => {
  const { store, sessions, presence } = world;
  await store.accounts.setPreferences(await grantToken(store, "inara"), { offlinePage: "none" });
  await grantToken(store, "kaylee");
  await store.close();
  assert.deepEqual(await presence.status("kaylee"), { state: "unclear" });
  assert.deepEqual(await presence.status("inara"), { state: "hidden" });
  online(sessions);
  assert.deepEqual(await presence.status("kaylee"), { state: "online", unreachable: false });
});

presenceTest(
  "hasPage() follows the preferences, and asks no store",
  async ({ store, presence }) => {
    const token = await grantToken(store, "kaylee");
    assert.equal(presence.hasPage("kaylee"), true);
    await store.accounts.setPreferences(token, { offlinePage: "none" });
    assert.deepEqual(await presence.status("kaylee"), { state: "hidden" });
    await store.close();
    assert.equal(presence.hasPage("kaylee"), false);
    assert.equal(presence.hasPage("nobody"), true);
  },
);
