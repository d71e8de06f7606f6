import assert from "node:assert/strict";
import type { Seen } from "../../../lib/store/online_times.ts";
import { grantToken } from "../grant_token.ts";
import type { Holds } from "./subject.ts";
import { TRACE } from "../trace.ts";

export function onlineTimesContract(holds: Holds): void {
  holds("a time online never goes back, and makes no account", async ({ store }) => {
    const { accounts, onlineTimes } = store;
    for (const name of ["kaylee", "zoe"]) await grantToken(store, name);
    await onlineTimes.markSeen(
      new Map([["inara", { at: 2_000 }], ["kaylee", { at: 3_000 }], ["zoe", { at: 2_000 }]]),
    );
    await onlineTimes.markSeen(new Map([["kaylee", { at: 2_000 }], ["zoe", { at: 4_000 }]]));
    await onlineTimes.markSeen(new Map());
    assert.equal((await accounts.byUsername("kaylee"))?.lastOnlineAt, 3_000);
    assert.equal((await accounts.byUsername("zoe"))?.lastOnlineAt, 4_000);
    assert.equal(await accounts.byUsername("inara"), undefined);
  });

  holds("who was online is awaited, after those who left a moment ago", async (subject) => {
    const { store, clock } = subject;
    for (const name of ["book", "inara", "kaylee", "river", "simon", "wash", "zoe"]) {
      await grantToken(store, name);
    }
    const at = clock.now + 100_000;
    await store.onlineTimes.markSeen(
      new Map([
        ["kaylee", { at: clock.now, attendance: "online" }],
        ["simon", { at: at - 10_000, attendance: "left" }],
        ["inara", { at: at - 20_000, attendance: "left" }],
        ["wash", { at: at - 31_000, attendance: "left" }],
        ["zoe", { at: at - 1_000, attendance: "gone" }],
        ["book", { at: at - 1_000, attendance: "online" }],
        // Their clock was ahead when they left.
        ["river", { at: at + 60_000, attendance: "left" }],
      ]),
    );
    await store.accounts.setBlocked("book", true, TRACE);
    clock.now = at;
    assert.deepEqual(await store.onlineTimes.listAwaited(30_000), [
      { username: "inara", awayMs: 20_000 },
      { username: "simon", awayMs: 10_000 },
      { username: "kaylee" },
    ]);
    // A new owner of the name has not been there.
    await store.accounts.release("kaylee", TRACE);
    await grantToken(store, "kaylee");
    assert.equal((await store.onlineTimes.listAwaited(30_000)).length, 2);
  });

  holds("what is absent stays as it was", async ({ store, clock }) => {
    await grantToken(store, "kaylee");
    const { onlineTimes } = store;
    await onlineTimes.markSeen(new Map([["kaylee", { at: clock.now, attendance: "online" }]]));
    await onlineTimes.markSeen(new Map([["kaylee", { at: clock.now + 1 }]]));
    assert.deepEqual(await onlineTimes.listAwaited(1), [{ username: "kaylee" }]);
    await onlineTimes.markSeen(new Map([["kaylee", { attendance: "gone" }]]));
    assert.deepEqual(await onlineTimes.listAwaited(1), []);
    const account = await store.accounts.byUsername("kaylee");
    assert.equal(account?.lastOnlineAt, clock.now + 1);
  });

  holds("a name that is taken out before it is written is left out", async (subject) => {
    const { store, lock } = subject;
    for (const name of ["kaylee", "zoe"]) await grantToken(store, name);
    const seen = new Map<string, Seen>([["kaylee", { at: 5 }], ["zoe", { at: 5 }]]);
    const held = await lock();
    const writing = store.onlineTimes.markSeen(seen);
    seen.delete("kaylee");
    await held[Symbol.asyncDispose]();
    await writing;
    assert.equal((await store.accounts.byUsername("kaylee"))?.lastOnlineAt, undefined);
    assert.equal((await store.accounts.byUsername("zoe"))?.lastOnlineAt, 5);
  });
}
