import assert from "node:assert/strict";
import { grantToken } from "../grant_token.ts";
import { TRACE } from "../trace.ts";
import type { Holds } from "./subject.ts";

export function limitContract(holds: Holds): void {
  holds("limits change one by one, and are noted", async ({ store, reopen, clock }) => {
    const { limits } = store;
    await grantToken(store, "kaylee");
    assert.equal(await limits.set("nobody", { connections: 3 }, TRACE), undefined);
    assert.deepEqual(await limits.set("kaylee", { connections: 3 }, TRACE), { connections: 3 });
    assert.deepEqual(await limits.set("kaylee", { bytesPerDay: 0 }, TRACE), {
      ...{ connections: 3, bytesPerDay: 0 },
    });
    assert.deepEqual(await limits.set("kaylee", { connections: null }, TRACE), { bytesPerDay: 0 });
    const again = (await reopen()).limits;
    assert.deepEqual(await again.all(), new Map([["kaylee", { bytesPerDay: 0 }]]));
    assert.deepEqual(await again.of("zoe"), {});
    await grantToken(store, "river");
    await again.set("river", { connections: 1 }, TRACE);
    const some = await again.all(["river", "zoe"]);
    assert.deepEqual(some, new Map([["river", { connections: 1 }]]));
    assert.deepEqual(await again.all([]), new Map());
    const [first, , last] = await store.acts.list("kaylee");
    const act = { at: clock.now, act: "limit", username: "kaylee", ...TRACE };
    assert.deepEqual(first, { ...act, detail: "connections 3" });
    assert.deepEqual(last, { ...act, detail: "connections as the settings" });
  });
}
