import assert from "node:assert/strict";
import type { Store } from "../../../lib/store/store.ts";
import { TRACE } from "../trace.ts";
import type { Holds } from "./subject.ts";

const DAY_MS = 86_400_000;

let claims = 0;

/** Makes an account, or proves its name anew, by a profile. */
async function prove(store: Store, username: string, profileId?: string): Promise<void> {
  const hash = new Uint8Array(32).fill(7);
  new DataView(hash.buffer).setUint32(0, ++claims);
  const expiresAt = Number.MAX_SAFE_INTEGER;
  const claim = { hash, expiresAt, username, mayBeNew: true, profileId };
  assert.equal((await store.claims.grant(claim)).state, "granted");
}

export function profileContract(holds: Holds): void {
  holds("whose turn came the longest ago is next", async ({ store, clock }) => {
    const { profiles } = store;
    const start = clock.now;
    for (const name of ["zoe", "kaylee", "inara"]) {
      await prove(store, name);
      clock.now += 1_000;
    }
    assert.equal(await profiles.next(DAY_MS), undefined);
    clock.now = start + DAY_MS;
    assert.equal(await profiles.next(DAY_MS), "zoe");
    await profiles.note("zoe", { found: true }, DAY_MS);
    assert.equal(await profiles.next(DAY_MS), undefined);
    clock.now += 5_000;
    assert.equal(await profiles.next(DAY_MS), "kaylee");
    await profiles.postpone("kaylee", 1_000);
    assert.equal(await profiles.of("kaylee"), undefined);
    await prove(store, "inara");
    assert.equal(await profiles.next(DAY_MS), undefined, "inara has just proved hers");
    clock.now += 1_000;
    assert.equal(await profiles.next(DAY_MS), "kaylee");
  });

  holds(
    "what was noted while the clock was years ahead puts no turn off",
    async ({ store, clock }) => {
      const { profiles } = store;
      clock.now += 1_000 * DAY_MS;
      await prove(store, "kaylee");
      clock.now -= 1_000 * DAY_MS;
      assert.equal(await profiles.next(DAY_MS), "kaylee");
      await profiles.postpone("kaylee", DAY_MS);
      assert.equal(await profiles.next(DAY_MS), undefined);
      await profiles.note("kaylee", { found: true }, 1_000 * DAY_MS);
      assert.equal(await profiles.next(DAY_MS), "kaylee");
      await profiles.note("kaylee", { found: true }, DAY_MS);
      assert.equal(await profiles.next(DAY_MS), undefined);
    },
  );

  holds("a profile is gone from when it was missed first until it is back", async (subject) => {
    const { store, clock, reopen } = subject;
    const { profiles } = store;
    await prove(store, "kaylee");
    const look = async (found: boolean) => {
      clock.now += 1_000;
      return await profiles.note("kaylee", { found }, DAY_MS);
    };
    assert.deepEqual(await look(true), { state: "there", changed: false });
    assert.deepEqual(await look(false), { state: "gone", changed: true });
    const since = clock.now;
    assert.deepEqual(await look(false), { state: "gone", changed: false });
    assert.deepEqual(await (await reopen()).profiles.of("kaylee"), {
      ...{ state: "gone", since, checkedAt: clock.now },
    });
    assert.deepEqual(await look(true), { state: "there", changed: true });
    assert.equal(await profiles.note("nobody", { found: false }, 0), undefined);
  });

  holds("another profile of the same name is told where both have an id", async (subject) => {
    const { store, clock } = subject;
    const { profiles } = store;
    await prove(store, "kaylee", "7");
    await prove(store, "zoe");
    const stateOf = async (username: string, profileId?: string) => {
      clock.now += 1_000;
      return (await profiles.note(username, { found: true, profileId }, 0))?.state;
    };
    assert.equal(await stateOf("kaylee", "7"), "there");
    assert.equal(await stateOf("kaylee"), "there");
    assert.equal(await stateOf("kaylee", "8"), "another");
    assert.equal(await stateOf("zoe", "8"), "there");
    // Who proves the name has its profile.
    clock.now += 1_000;
    await prove(store, "kaylee", "8");
    assert.equal(await profiles.of("kaylee"), undefined);
    assert.equal(await stateOf("kaylee", "8"), "there");
    await store.accounts.release("kaylee", TRACE);
    await prove(store, "kaylee", "8");
    assert.equal(await profiles.of("kaylee"), undefined);
  });
}
