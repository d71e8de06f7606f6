import assert from "node:assert/strict";
import type { Grant } from "../../../lib/store/claims.ts";
import type { Store } from "../../../lib/store/store.ts";
import { TRACE } from "../trace.ts";
import type { Holds } from "./subject.ts";

const DAY_MS = 86_400_000;

let claims = 0;

/** Claims a name by a profile; `profileId` is absent where none is told. */
function claim(store: Store, username: string, profileId?: string): Promise<Grant> {
  const hash = new Uint8Array(32);
  new DataView(hash.buffer).setUint32(0, ++claims);
  const expiresAt = Number.MAX_SAFE_INTEGER;
  return store.claims.grant({ hash, expiresAt, username, mayBeNew: true, profileId });
}

export function restContract(holds: Holds): void {
  holds("a released name rests for all but the profile that had it", async (subject) => {
    const { store, clock } = subject;
    await claim(store, "kaylee", "7");
    await store.accounts.release("kaylee", TRACE, { restMs: DAY_MS });
    const until = clock.now + DAY_MS;
    const rest = { username: "kaylee", until };
    assert.deepEqual(await store.rests.of("kaylee"), rest);
    assert.deepEqual(await store.rests.list(), [rest]);
    const again = await subject.reopen();
    for (const profileId of ["8", "", undefined]) {
      assert.deepEqual(await claim(again, "kaylee", profileId), { state: "resting", until });
    }
    assert.equal((await claim(store, "inara", "7")).state, "granted", "another name is none of it");
    assert.equal((await claim(again, "kaylee", "7")).state, "granted");
    assert.equal(await store.rests.of("kaylee"), undefined);
  });

  holds("a rest passes by itself", async ({ store, clock }) => {
    await claim(store, "kaylee", "7");
    await store.accounts.release("kaylee", TRACE, { restMs: DAY_MS });
    clock.now += DAY_MS - 1;
    assert.equal((await claim(store, "kaylee", "8")).state, "resting");
    clock.now += 1;
    assert.deepEqual([await store.rests.of("kaylee"), await store.rests.list()], [undefined, []]);
    assert.equal((await claim(store, "kaylee", "8")).state, "granted");
  });

  holds(
    "where no profile was told, or the newest was not, each of the name counts as the same",
    async (subject) => {
      const { store } = subject;
      await claim(store, "kaylee");
      await claim(store, "zoe", "7");
      await claim(store, "zoe");
      for (const name of ["kaylee", "zoe"]) {
        await store.accounts.release(name, TRACE, { restMs: DAY_MS });
        assert.ok(await store.rests.of(name));
        const profileId = name === "zoe" ? "8" : undefined;
        assert.equal((await claim(store, name, profileId)).state, "granted");
      }
    },
  );

  holds("a name that is not to rest is free at once", async ({ store }) => {
    await claim(store, "kaylee", "7");
    await store.accounts.release("kaylee", TRACE, { restMs: 0 });
    assert.equal(await store.rests.of("kaylee"), undefined);
    assert.equal((await claim(store, "kaylee", "8")).state, "granted");
  });

  holds("a rest can be ended, which is noted", async ({ store, clock }) => {
    await claim(store, "kaylee");
    await store.accounts.release("kaylee", TRACE, { restMs: DAY_MS });
    assert.equal(await store.rests.end("kaylee", TRACE), true);
    assert.equal(await store.rests.end("kaylee", TRACE), false);
    assert.equal((await claim(store, "kaylee", "8")).state, "granted");
    const acts = await store.acts.list("kaylee");
    assert.deepEqual(acts.map(({ act }) => act), ["release", "end-rest"]);
    assert.deepEqual(acts[1], { at: clock.now, act: "end-rest", username: "kaylee", ...TRACE });
  });

  holds("an account that another profile of the name takes over is told", async ({ store }) => {
    const byAnother = async (profileId?: string) => {
      const grant = await claim(store, "kaylee", profileId);
      return grant.state === "granted" && grant.byAnother;
    };
    const told = [];
    for (const id of ["7", "7", "8", undefined, "9"]) told.push(await byAnother(id));
    assert.deepEqual(told, [false, false, true, false, false]);
  });

  holds("a token that does nothing begins no rest", async ({ store }) => {
    await claim(store, "kaylee");
    await store.accounts.release("kaylee", TRACE, { token: "wrong", restMs: DAY_MS });
    assert.equal(await store.rests.of("kaylee"), undefined);
  });
}
