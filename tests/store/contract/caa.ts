import assert from "node:assert/strict";
import { ISSUER_KEPT_MS, type UserCaa } from "../../../lib/store/caa.ts";
import { grantToken } from "../grant_token.ts";
import { TRACE } from "../trace.ts";
import { claim } from "./claims.ts";
import type { Holds } from "./subject.ts";

const OWN = { authority: "ca.test", accountUrl: "https://ca.test/acct/7" };

/** What pending orders end with. */
const ENDS = '{"why":"own"}';

export function caaContract(holds: Holds): void {
  holds(
    "who may order for a user's names is theirs to say until the account ends",
    async (subject) => {
      const { store: { caa, accounts }, store, reopen } = subject;
      const kaylee = await grantToken(store, "kaylee");
      const zoe = await grantToken(store, "zoe");
      assert.equal(await caa.of("kaylee"), undefined);
      assert.equal(await caa.set(kaylee, "relay", ENDS), "kaylee");
      assert.equal(await caa.set(zoe, "relay", ENDS), "zoe");
      assert.equal(await caa.set(zoe, OWN, ENDS), "zoe");
      assert.equal(await caa.set("nobody's", OWN, ENDS), undefined);
      assert.equal(await caa.of("kaylee"), "relay");
      assert.deepEqual(await caa.of("zoe"), OWN);
      const all = new Map<string, UserCaa>([["kaylee", "relay"], ["zoe", OWN]]);
      assert.deepEqual(await (await reopen()).caa.all(), all);
      assert.equal(await caa.set(kaylee, undefined, ENDS), "kaylee");
      assert.equal(await caa.set(kaylee, undefined, ENDS), "kaylee", "nothing is there to end");
      await accounts.setBlocked("zoe", true, TRACE);
      assert.equal(await caa.set(zoe, undefined, ENDS), undefined);
      assert.deepEqual(await caa.all(), new Map([["zoe", OWN]]));
      await accounts.release("zoe", TRACE);
      assert.equal((await caa.all()).size, 0);
    },
  );

  holds("the relay orders nothing for who has an account of their own order", async ({ store }) => {
    const token = await grantToken(store, "kaylee");
    const rules = { limit: 9, windowMs: 1_000, underWay: [], superseded: "{}" };
    const submit = async (id: string, csr: string) => {
      const request = { id, username: "kaylee", csr, createdAt: 1, token };
      return (await store.orders.submit(request, rules)).state;
    };
    await store.caa.set(token, "relay", ENDS);
    assert.equal(await submit("1", "a csr"), "queued");
    assert.deepEqual(await store.orders.get("kaylee", "1"), { status: "pending" });
    await store.caa.set(token, OWN, ENDS);
    assert.deepEqual(await store.orders.get("kaylee", "1"), { status: "failed", problem: ENDS });
    assert.equal(await submit("2", "another"), "own-account");
    assert.equal(await submit("2", "a csr"), "own-account");
    await store.caa.set(token, undefined, ENDS);
    assert.equal(await submit("3", "another"), "queued");
  });

  holds("who may order is for a name's owner to say, not for its former one", async (subject) => {
    const { store, clock } = subject;
    const grant = async (number: number, profileId: string) => {
      const grant = await store.claims.grant(claim(number, clock.now, { profileId }));
      assert.ok(grant.state === "granted");
      return grant.token;
    };
    await store.caa.set(await grant(1, "7"), OWN, ENDS);
    await grant(2, "7");
    assert.deepEqual(await store.caa.of("kaylee"), OWN);
    await grant(3, "8");
    assert.equal(await store.caa.of("kaylee"), undefined);
  });

  holds(
    "the account that a relay orders with takes the place of its former one",
    async ({ store: { caa }, clock }) => {
      const later = { ...OWN, accountUrl: "https://ca.test/acct/8" };
      assert.deepEqual(await caa.issuers(), []);
      await caa.noteIssuer("relay-1", OWN);
      clock.now += ISSUER_KEPT_MS - 1;
      assert.deepEqual(await caa.issuers(), [OWN]);
      await caa.noteIssuer("relay-1", later);
      clock.now += 1;
      assert.deepEqual(await caa.issuers(), [later]);
    },
  );
}
