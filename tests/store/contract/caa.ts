import assert from "node:assert/strict";
import { ISSUER_KEPT_MS, type UserCaa } from "../../../lib/store/caa.ts";
import { grantToken } from "../grant_token.ts";
import { TRACE } from "../trace.ts";
import type { Holds } from "./subject.ts";

const OWN = { authority: "ca.test", accountUrl: "https://ca.test/acct/7" };

export function caaContract(holds: Holds): void {
  holds(
    "who may order for a user's names is theirs to say until the account ends",
    async (subject) => {
      const { store: { caa, accounts }, store, reopen } = subject;
      const kaylee = await grantToken(store, "kaylee");
      const zoe = await grantToken(store, "zoe");
      assert.equal(await caa.of("kaylee"), undefined);
      assert.equal(await caa.set(kaylee, "relay"), "kaylee");
      assert.equal(await caa.set(zoe, "relay"), "zoe");
      assert.equal(await caa.set(zoe, OWN), "zoe");
      assert.equal(await caa.set("nobody's", OWN), undefined);
      assert.equal(await caa.of("kaylee"), "relay");
      assert.deepEqual(await caa.of("zoe"), OWN);
      const all = new Map<string, UserCaa>([["kaylee", "relay"], ["zoe", OWN]]);
      assert.deepEqual(await (await reopen()).caa.all(), all);
      assert.equal(await caa.set(kaylee, undefined), "kaylee");
      assert.equal(await caa.set(kaylee, undefined), "kaylee", "nothing is there to end");
      await accounts.setBlocked("zoe", true, TRACE);
      assert.equal(await caa.set(zoe, undefined), undefined);
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
    await store.caa.set(token, "relay");
    assert.equal(await submit("1", "a csr"), "queued");
    await store.caa.set(token, OWN);
    assert.equal(await submit("2", "another"), "own-account");
    assert.equal(await submit("2", "a csr"), "own-account");
    await store.caa.set(token, undefined);
    assert.equal(await submit("3", "another"), "queued");
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
