import assert from "node:assert/strict";
import type { ProvenClaim } from "../../../lib/store/claims.ts";
import { grantToken } from "../grant_token.ts";
import type { Holds } from "./subject.ts";
import { TRACE } from "../trace.ts";

/** A claim of its own for each number. */
export function claim(number: number, now: number, also: Partial<ProvenClaim> = {}): ProvenClaim {
  const hash = new Uint8Array(32).fill(number);
  return { hash, expiresAt: now + 1_000, username: "kaylee", mayBeNew: true, ...also };
}

export function claimContract(holds: Holds): void {
  holds("the key of claims is made once", async ({ store, reopen }) => {
    const key = await store.claims.key();
    assert.equal(key.length, 32);
    assert.deepEqual(await store.claims.key(), key);
    assert.deepEqual(await (await reopen()).claims.key(), key);
  });

  holds("a key that was made needs no lock", async ({ store, lock }) => {
    const key = await store.claims.key();
    await using _held = await lock();
    assert.deepEqual(await store.claims.key(), key);
  });

  holds("a claim counts what did not find its code, and grants once", async (subject) => {
    const { store, clock } = subject;
    const { claims } = store;
    const mine = claim(1, clock.now);
    assert.deepEqual(await claims.get(mine.hash), { verifications: 0, used: false });
    await claims.count(mine.hash, mine.expiresAt);
    await claims.count(mine.hash, mine.expiresAt);
    assert.deepEqual(await claims.get(mine.hash), { verifications: 2, used: false });
    const granted = await claims.grant(mine);
    assert.ok(granted.state === "granted");
    assert.equal(granted.replaced, false);
    assert.equal((await store.accounts.byToken(granted.token))?.username, "kaylee");
    assert.deepEqual(await claims.grant(mine), { state: "used" });
    assert.equal((await claims.get(mine.hash)).used, true);
    assert.equal((await claims.get(claim(2, clock.now).hash)).used, false);
    assert.equal((await store.accounts.byToken(granted.token))?.username, "kaylee");
  });

  holds("of one claim granted many times at once one is", async ({ store, clock }) => {
    const mine = claim(1, clock.now);
    const grants = await Promise.all(Array.from({ length: 8 }, () => store.claims.grant(mine)));
    assert.equal(grants.filter(({ state }) => state === "granted").length, 1);
    assert.equal(grants.filter(({ state }) => state === "used").length, 7);
  });

  holds("of two claims of one name at once the later one has the account", async (subject) => {
    const { store, clock } = subject;
    const [first, second] = await Promise.all(
      [1, 2].map((number) => store.claims.grant(claim(number, clock.now))),
    );
    assert.ok(first?.state === "granted" && second?.state === "granted");
    assert.deepEqual([first, second].map(({ replaced }) => replaced).sort(), [false, true]);
    const [lost, kept] = first.replaced ? [second, first] : [first, second];
    assert.equal(await store.accounts.byToken(lost.token), undefined);
    assert.equal((await store.accounts.byToken(kept.token))?.username, "kaylee");
    assert.equal((await store.accounts.counts()).total, 1);
  });

  holds("a blocked name is granted to nobody, and the claim is not used up", async (subject) => {
    const { store, clock } = subject;
    const mine = claim(1, clock.now);
    await store.accounts.setBlocked("kaylee", true, TRACE);
    assert.deepEqual(await store.claims.grant(mine), { state: "blocked" });
    assert.equal(await store.accounts.byUsername("kaylee"), undefined);
    await store.accounts.setBlocked("kaylee", false, TRACE);
    assert.equal((await store.claims.grant(mine)).state, "granted");
  });

  holds("a name that may not be new is its account's only", async ({ store, clock }) => {
    const kept = claim(1, clock.now, { mayBeNew: false });
    assert.deepEqual(await store.claims.grant(kept), { state: "not-new" });
    const lost = await grantToken(store, "kaylee");
    const granted = await store.claims.grant(kept);
    assert.ok(granted.state === "granted" && granted.replaced);
    assert.equal(await store.accounts.byToken(lost), undefined);
  });

  holds("claims are forgotten once they have expired", async ({ store, clock }) => {
    const { claims } = store;
    const mine = claim(1, clock.now);
    await claims.count(mine.hash, mine.expiresAt);
    clock.now = mine.expiresAt;
    const next = claim(2, clock.now);
    await claims.count(next.hash, next.expiresAt);
    assert.deepEqual(await claims.get(mine.hash), { verifications: 0, used: false });
    assert.deepEqual(await claims.get(next.hash), { verifications: 1, used: false });
  });
}
