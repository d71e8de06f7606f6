import assert from "node:assert/strict";
import { grantToken } from "../grant_token.ts";
import type { Holds } from "./subject.ts";

/** Who acts in these tests. */
const operator = { by: "operator", uid: 0, sudoUid: 1000 } as const;

export function actContract(holds: Holds): void {
  holds("what changes a name is noted with it, once", async ({ store, clock, reopen }) => {
    const { accounts, acts } = store;
    const token = await grantToken(store, "kaylee");
    const blockedAt = clock.now;
    await accounts.setBlocked("kaylee", true, { ...operator, reason: "spam\nand \u202emore" });
    clock.now += 1_000;
    await accounts.setBlocked("kaylee", true, operator);
    await accounts.setBlocked("kaylee", false, operator);
    await accounts.setBlocked("kaylee", false, operator);
    assert.equal(await accounts.release("kaylee", { by: "user" }, { token: "wrong" }), false);
    await accounts.release("kaylee", { by: "user" }, { token });
    await accounts.release("kaylee", operator);
    const wanted = [
      { at: blockedAt, act: "block", username: "kaylee", ...operator, reason: "spam and more" },
      { at: clock.now, act: "unblock", username: "kaylee", ...operator },
      { at: clock.now, act: "release", username: "kaylee", by: "user" },
    ];
    assert.deepEqual(await acts.list("kaylee"), wanted);
    assert.deepEqual(await acts.list("inara"), []);
    assert.deepEqual(await (await reopen()).acts.list(), wanted);
  });

  holds("the reason of a block is that of the newest that gave one", async ({ store, clock }) => {
    const { accounts } = store;
    const blockedAt = clock.now;
    await grantToken(store, "kaylee");
    await accounts.setBlocked("kaylee", true, operator);
    assert.deepEqual(await accounts.blockOf("kaylee"), { username: "kaylee", blockedAt });
    clock.now += 1_000;
    assert.equal(await accounts.setBlocked("kaylee", true, { ...operator, reason: "spam" }), true);
    assert.equal(await accounts.setBlocked("kaylee", true, { ...operator, reason: "spam" }), false);
    const block = { username: "kaylee", blockedAt, blockedReason: "spam" };
    assert.deepEqual(await accounts.blockOf("kaylee"), block);
    assert.deepEqual(await accounts.listBlocked(), [block]);
    assert.equal((await accounts.byUsername("kaylee"))?.blockedReason, "spam");
    assert.equal(await accounts.blockOf("inara"), undefined);
  });
}
