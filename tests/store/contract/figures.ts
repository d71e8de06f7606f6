import assert from "node:assert/strict";
import type { Batch, Passed } from "../../../lib/store/figures.ts";
import { grantToken } from "../grant_token.ts";
import { TRACE } from "../trace.ts";
import type { Holds } from "./subject.ts";

/** As much of everything. */
function passed(amount: number, lastVisitAt?: number): Passed {
  return {
    ...{ visitors: amount, dialled: amount, bytesToClient: amount, bytesToVisitors: 2 * amount },
    ...(lastVisitAt !== undefined && { lastVisitAt }),
  };
}

/** A batch of a writer of its own. */
function batch(day: number, passed: Record<string, Passed>): Batch {
  return { writer: crypto.randomUUID(), number: 1, day, passed: new Map(Object.entries(passed)) };
}

export function figureContract(holds: Holds): void {
  holds("figures add up, those of a day begin anew with the next", async ({ store, reopen }) => {
    const { figures } = store;
    await grantToken(store, "kaylee");
    await grantToken(store, "zoe");
    assert.equal(await figures.of("kaylee"), undefined);
    await figures.add(batch(5, { kaylee: passed(10, 7_000), nobody: passed(1) }));
    await figures.add(batch(5, { kaylee: passed(1), zoe: passed(2, 8_000) }));
    assert.deepEqual(await figures.of("kaylee"), {
      ...passed(11, 7_000),
      day: { day: 5, bytes: 33 },
    });
    assert.equal(await figures.of("nobody"), undefined);
    assert.deepEqual(await figures.bytesOn(5), new Map([["kaylee", 33], ["zoe", 6]]));
    await figures.add(batch(6, { kaylee: passed(1, 9_000) }));
    const again = (await reopen()).figures;
    assert.deepEqual(await again.of("kaylee"), { ...passed(12, 9_000), day: { day: 6, bytes: 3 } });
    assert.deepEqual(await again.bytesOn(6), new Map([["kaylee", 3]]));
    assert.deepEqual(await again.bytesOn(5), new Map([["zoe", 6]]));
    // Written late: the newer day's stay.
    await again.add(batch(5, { kaylee: passed(1) }));
    assert.deepEqual(await again.of("kaylee"), { ...passed(13, 9_000), day: { day: 6, bytes: 3 } });
  });

  holds(
    "a batch counts once, however often it is written",
    async ({ store: { figures }, store }) => {
      await grantToken(store, "kaylee");
      const first = batch(5, { kaylee: passed(10) });
      await figures.add(first);
      await figures.add(first);
      assert.deepEqual(await figures.of("kaylee"), { ...passed(10), day: { day: 5, bytes: 30 } });
      await figures.add({ ...first, number: 2 });
      await figures.add(first);
      await figures.add(batch(5, { kaylee: passed(1) }));
      assert.deepEqual(await figures.of("kaylee"), { ...passed(21), day: { day: 5, bytes: 63 } });
    },
  );

  holds("figures and limits end with the account", async ({ store }) => {
    await grantToken(store, "kaylee");
    await store.figures.add(batch(5, { kaylee: passed(1) }));
    await store.limits.set("kaylee", { connections: 3 }, TRACE);
    await store.accounts.release("kaylee", TRACE);
    await grantToken(store, "kaylee");
    assert.equal(await store.figures.of("kaylee"), undefined);
    assert.deepEqual(await store.limits.of("kaylee"), {});
    assert.equal((await store.limits.all()).size, 0);
  });

  holds("a new token keeps figures and limits", async ({ store }) => {
    await grantToken(store, "kaylee");
    await store.figures.add(batch(5, { kaylee: passed(1) }));
    await store.limits.set("kaylee", { connections: 3 }, TRACE);
    await grantToken(store, "kaylee");
    assert.equal((await store.figures.of("kaylee"))?.visitors, 1);
    assert.deepEqual(await store.limits.of("kaylee"), { connections: 3 });
  });
}
