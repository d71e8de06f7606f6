import assert from "node:assert/strict";
import { StoreError } from "../../lib/store/error.ts";
import { until } from "../certificate/helpers.ts";
import { baseDomain, bench, isReady } from "./bench.ts";

const [MINUTE_MS, HOUR_MS] = [60_000, 3_600_000];

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

Deno.test("a certificate that the store cannot take is tried to be stored after longer and longer pauses", async () => {
  await using it = await bench();
  const pauses: number[] = [];
  const issuance = it.start({
    wrap: (orders) => ({
      ...orders,
      finish(order, ...args) {
        if (order.username !== "kaylee") return orders.finish(order, ...args);
        return Promise.reject(new StoreError("database is locked"));
      },
      leave(id, pauseMs) {
        if (pauseMs !== undefined) pauses.push(pauseMs);
        return orders.leave(id, pauseMs);
      },
    }),
  });
  const id = await it.accepted(issuance, "kaylee");
  for (let tries = 1; tries <= 4; tries++) {
    await until(async () => {
      const state = await issuance.get("kaylee", id);
      return pauses.length === tries && state?.status === "pending" && state.position === 1;
    }, `failure ${tries}`);
    it.clock.now += pauses.at(-1)!;
    // Wakes the queue.
    await it.accepted(issuance, `river${tries}`);
  }
  assert.deepEqual(pauses.slice(0, 4), [1, 3, 9, 27].map((minutes) => minutes * MINUTE_MS));
});

Deno.test("an order whose authority does not answer ends after an hour, however often the store fails meanwhile", async () => {
  await using it = await bench();
  let tries = 0;
  it.authority.issue = (order) => {
    if (!order.names.includes(`kaylee.${baseDomain}`)) return it.authority.real.issue(order);
    tries++;
    // As a turn at the zone fails that relays share by way of the database.
    const fails = tries % 2 === 0 ? new StoreError("away") : new Error("no answer");
    return Promise.reject(fails);
  };
  const issuance = it.start();
  const id = await it.accepted(issuance, "kaylee");
  const state = () => issuance.get("kaylee", id);
  for (let made = 1; (await state())?.status === "pending"; made++) {
    assert.ok(made < 5, "it ends");
    await until(async () => {
      const stands = await state();
      return tries === made && (stands?.status !== "pending" || stands.position === 1);
    }, `try ${made} has failed`);
    it.clock.now += 40 * MINUTE_MS;
    // Wakes the queue.
    await it.accepted(issuance, `river${made}`);
  }
  const ended = await state();
  assert.ok(ended?.status === "failed");
  assert.equal(ended.problem.type, "urn:glosson:problem:authority-unavailable");
});
