import assert from "node:assert/strict";
import { StoreError } from "../../lib/store/error.ts";
import { until } from "../certificate/helpers.ts";
import { baseDomain, bench, isReady } from "./bench.ts";

const HOUR_MS = 3_600_000;

Deno.test("a certificate that the store cannot take for hours is stored once it can, and forgotten only then", async () => {
  await using it = await bench();
  const signed: string[] = [];
  it.authority.issue = (order) => {
    if (order.names.includes(`kaylee.${baseDomain}`)) signed.push(order.csr);
    return it.authority.real.issue(order);
  };
  const forgotten: string[] = [];
  it.authority.forget = (csr) => Promise.resolve(void forgotten.push(csr));
  const issuance = it.start({
    wrap: (orders) => ({
      ...orders,
      finish(order, ...args) {
        // As where another program has the database for longer than is waited for it.
        if (order.username === "kaylee" && signed.length < 4) {
          return Promise.reject(new StoreError("database is locked"));
        }
        return orders.finish(order, ...args);
      },
    }),
  });
  const id = await it.accepted(issuance, "kaylee");
  for (let tries = 1; tries < 4; tries++) {
    await until(async () => {
      const state = await issuance.get("kaylee", id);
      assert.equal(state?.status, "pending");
      return signed.length === tries && state.position === 1;
    }, "a failure");
    assert.ok(!forgotten.includes(signed[0]!));
    it.clock.now += 2 * HOUR_MS;
    // Wakes the queue.
    await it.accepted(issuance, `river${tries}`);
  }
  await until(isReady(it, "kaylee", id), "the certificate");
  await until(() => forgotten.includes(signed[0]!), "that the authority is told");
  assert.equal(new Set(signed).size, 1);
});
