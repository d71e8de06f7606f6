import assert from "node:assert/strict";
import { LOOK_MS, watchLastVisitors } from "../../lib/daemon/last_visitors.ts";
import { createLog, SILENT_LOG } from "../../lib/log.ts";
import { temporaryFolder, until } from "../certificate/helpers.ts";
import { seedAccounts, storeIn } from "../store/helpers.ts";
import { ManualClock } from "../manual_clock.ts";

const UNLIMITED = { limits: { refreshAll: () => Promise.resolve() }, usage: { enforce: () => {} } };

Deno.test("watchLastVisitors() ends within a second who visits a user whom another process has blocked or released", async () => {
  await using folder = temporaryFolder();
  const { accounts, close } = storeIn(folder.path);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => close());
  seedAccounts(folder.path, ["kaylee", "river", "zoe"]);
  const visited = new Set(["kaylee", "river", "zoe"]);
  const clock = new ManualClock();
  const limited: string[][] = [];
  const end = watchLastVisitors({
    accounts,
    hub: {
      visitedUsers: () => [...visited],
      dropVisitors: (username) => void visited.delete(username),
    },
    users: {
      ...UNLIMITED,
      limits: {
        refreshAll: (usernames = []) => Promise.resolve(void limited.push([...usernames])),
      },
    },
    left: Promise.resolve(true),
    log: SILENT_LOG,
  }, (ms) => new Promise((resolve) => void clock.schedule(resolve, ms)));
  stack.defer(end);
  const trace = { by: "operator" } as const;
  await accounts.setBlocked("kaylee", true, trace);
  await accounts.release("river", trace);
  assert.ok(LOOK_MS <= 1_000);
  await until(() => clock.waiting === 1, "it waits");
  clock.advance(LOOK_MS);
  await until(() => visited.size < 3 && clock.waiting === 1, "it has looked");
  assert.deepEqual([...visited], ["zoe"]);
  assert.deepEqual(limited, [["zoe"]], "of nobody else");
});

Deno.test("watchLastVisitors() tells once that the store is away, until it is back", async () => {
  const told: string[] = [];
  const clock = new ManualClock();
  let isAway = true;
  let looks = 0;
  const end = watchLastVisitors({
    accounts: {
      visitable(usernames) {
        looks++;
        return isAway ? Promise.reject(new Error("away")) : Promise.resolve(new Set(usernames));
      },
    },
    hub: { visitedUsers: () => ["kaylee"], dropVisitors: () => assert.fail("nobody is blocked") },
    users: UNLIMITED,
    left: Promise.resolve(true),
    log: createLog({ write: (line) => void told.push(line) }),
  }, (ms) => new Promise((resolve) => void clock.schedule(resolve, ms)));
  await until(() => clock.waiting === 1, "it waits");
  const look = async (): Promise<void> => {
    const before = looks;
    clock.advance(LOOK_MS);
    await until(() => looks > before && clock.waiting === 1, "it has looked");
  };
  for (let i = 0; i < 3; i++) await look();
  assert.equal(told.length, 1);
  isAway = false;
  await look();
  isAway = true;
  await look();
  assert.equal(told.length, 2);
  end();
  clock.advance(LOOK_MS);
});
