import assert from "node:assert/strict";
import { must } from "../../scripts/run.ts";
import { OrderRefusedError } from "../../lib/certificate/authority.ts";
import type { Issuance } from "../../lib/issuance/issuance.ts";
import { until } from "../certificate/helpers.ts";
import { baseDomain, bench, isReady, untilAborted } from "./bench.ts";
import { TRACE } from "../store/trace.ts";

const DAY = 86_400_000;

/** Resolves once kaylee's order has failed and waits again: it has a place in the queue then. */
function failed(issuance: Issuance, id: string): Promise<void> {
  return until(async () => {
    const state = await issuance.get("kaylee", id);
    return state?.status === "pending" && state.position === 1;
  }, "a failure");
}

Deno.test("createIssuance() signs an accepted request", async () => {
  await using it = await bench();
  const asked = Promise.withResolvers<void>();
  it.authority.issue = async (order) => {
    await asked.promise;
    return await it.authority.real.issue(order);
  };
  const issuance = it.start();
  assert.equal(await issuance.latest("kaylee"), undefined);
  const id = await it.accepted(issuance, "kaylee");
  assert.match(id, /^[\w-]{22}$/);
  assert.equal((await issuance.get("kaylee", id))?.status, "pending");
  asked.resolve();
  await until(isReady(it, "kaylee", id), "the certificate");
  const state = await issuance.get("kaylee", id);
  assert.ok(state?.status === "ready");
  assert.equal(state.notAfter, it.clock.now + 90 * DAY);
  assert.ok(Math.abs(state.notAfter - state.renewAfter - 30 * DAY) < DAY / 10);
  assert.equal((await issuance.latest("kaylee"))?.notAfter, state.notAfter);
  await Deno.writeTextFile(`${it.stateDir}/leaf.pem`, state.certificate);
  await must("openssl", [
    ...["verify", "-verify_hostname", `kaylee.${baseDomain}`, "-no_check_time"],
    ...["-CAfile", `${it.stateDir}/local-ca.pem`, `${it.stateDir}/leaf.pem`],
  ]);
});

Deno.test("createIssuance() tells of the end of orders that it placed, and of none that it could not take", async () => {
  await using it = await bench();
  let isTaken = false;
  const done: string[] = [];
  const issuance = it.start({
    wrap: (orders) => ({
      ...orders,
      // As where another relay has the first one.
      take(...args) {
        if (isTaken) return orders.take(...args);
        isTaken = true;
        return Promise.resolve(false);
      },
    }),
    concurrency: 1,
    onDone: (username) => void done.push(username),
  });
  await it.accepted(issuance, "kaylee");
  await until(() => done.length > 0, "an order that was taken");
  assert.deepEqual(it.authority.names, [`kaylee.${baseDomain}`]);
  assert.deepEqual(done, ["kaylee"]);
});

Deno.test("createIssuance() shows an order to its own user only", async () => {
  await using it = await bench();
  const issuance = it.start();
  const id = await it.accepted(issuance, "kaylee");
  assert.equal(await issuance.get("river", id), undefined);
  assert.equal(await issuance.get("kaylee", id.toLowerCase() + "x"), undefined);
});

Deno.test("submit() refuses a bad request without counting it", async () => {
  await using it = await bench();
  const issuance = it.start();
  for (let i = 0; i < 10; i++) {
    const answer = await issuance.submit(
      "kaylee",
      `kaylee.${baseDomain}`,
      await it.request("river"),
    );
    assert.ok(!answer.ok && answer.problem === "bad-csr");
    assert.match(answer.detail, /name only DNS:kaylee/);
  }
  await it.accepted(issuance, "kaylee");
});

Deno.test("submit() lets five requests a day through, also when they come at once", async () => {
  await using it = await bench();
  const issuance = it.start();
  const requests = await Promise.all(Array.from({ length: 9 }, () => it.request("kaylee")));
  const answers = await Promise.all(
    requests.map((csr) => issuance.submit("kaylee", `kaylee.${baseDomain}`, csr)),
  );
  assert.equal(answers.filter(({ ok }) => ok).length, 5);
  const refused = answers.find(({ ok }) => !ok);
  assert.ok(refused && !refused.ok && refused.problem === "rate-limited");
  assert.equal(refused.retryAfterS, 86_400);
  await it.accepted(issuance, "river");
  it.clock.now += DAY - 1;
  const late = await issuance.submit("kaylee", `kaylee.${baseDomain}`, await it.request("kaylee"));
  assert.ok(!late.ok && late.retryAfterS === 1);
  it.clock.now += 1;
  await it.accepted(issuance, "kaylee");
});

Deno.test("submit() answers a repeated request with the same order", async () => {
  await using it = await bench();
  it.authority.issue = untilAborted;
  const issuance = it.start();
  const csr = await it.request("kaylee");
  const ids = new Set<string>();
  for (let i = 0; i < 8; i++) {
    const answer = await issuance.submit("kaylee", `kaylee.${baseDomain}`, csr);
    assert.ok(answer.ok);
    ids.add(answer.id);
  }
  assert.equal(ids.size, 1);
});

Deno.test("createIssuance() goes on with pending orders after a restart", async () => {
  await using it = await bench();
  it.authority.issue = untilAborted;
  const first = it.start();
  const id = await it.accepted(first, "kaylee");
  await first.stop();
  it.authority.issue = it.authority.real.issue;
  it.start();
  await until(isReady(it, "kaylee", id), "the certificate");
});

Deno.test("createIssuance() retries what may pass, and gives up after an hour", async () => {
  await using it = await bench();
  it.authority.issue = () => Promise.reject(new Error("Cannot reach the ACME server"));
  const issuance = it.start();
  const id = await it.accepted(issuance, "kaylee");
  await failed(issuance, id);
  const waiting = await issuance.get("kaylee", id);
  assert.ok(waiting?.status === "pending" && waiting.retryAfterS >= 60);
  it.clock.now += 2 * 3_600_000;
  await it.accepted(issuance, "river"); // wakes the queue
  await until(async () => (await issuance.get("kaylee", id))?.status === "failed", "the end");
  const state = await issuance.get("kaylee", id);
  assert.ok(state?.status === "failed");
  assert.equal(state.problem.type, "urn:glosson:problem:authority-unavailable");
  assert.match(state.problem.detail, /Cannot reach the ACME server/);
});

Deno.test("createIssuance() waits for no time of a clock that was years ahead", async () => {
  await using it = await bench();
  const right = it.clock.now;
  it.clock.now += 10 * 365 * 86_400_000;
  it.authority.issue = () => Promise.reject(new Error("Its TLS certificate is out of date"));
  const issuance = it.start();
  const id = await it.accepted(issuance, "kaylee");
  await failed(issuance, id);
  it.clock.now = right;
  it.authority.issue = it.authority.real.issue;
  await it.accepted(issuance, "river"); // wakes the queue
  await until(isReady(it, "kaylee", id), "the certificate");
});

Deno.test("createIssuance() counts nothing of a clock that was a year ahead", async () => {
  await using it = await bench();
  const right = it.clock.now;
  it.clock.now += 365 * DAY;
  const issuance = it.start({ perWeek: 1, perAccountPerDay: 1 });
  await until(isReady(it, "kaylee", await it.accepted(issuance, "kaylee")), "the first");
  it.clock.now = right;
  await it.accepted(issuance, "kaylee");
  await until(isReady(it, "river", await it.accepted(issuance, "river")), "the week's");
});

Deno.test("createIssuance() fails at once what the authority refuses for good", async () => {
  await using it = await bench();
  it.authority.issue = () => Promise.reject(new OrderRefusedError("The CA blocks this name"));
  const issuance = it.start();
  const id = await it.accepted(issuance, "kaylee");
  await until(async () => (await issuance.get("kaylee", id))?.status === "failed", "the refusal");
  assert.deepEqual(await issuance.get("kaylee", id), {
    status: "failed",
    problem: {
      type: "urn:glosson:problem:certificate-refused",
      title: "The authority refused the certificate",
      status: 502,
      detail: "The CA blocks this name",
    },
  });
});

Deno.test("createIssuance() hands out no certificate that is not what was asked for", async () => {
  await using it = await bench();
  const csr = await it.request("kaylee");
  it.authority.issue = (order) => it.authority.real.issue({ ...order, csr });
  const issuance = it.start();
  const id = await it.accepted(issuance, "kaylee");
  await failed(issuance, id);
  assert.equal(await issuance.latest("kaylee"), undefined);
});

Deno.test("forget() drops what is pending and hides the rest from the next owner", async () => {
  await using it = await bench();
  const issuance = it.start();
  const id = await it.accepted(issuance, "kaylee");
  await until(isReady(it, "kaylee", id), "the certificate");
  let aborted = false;
  it.authority.issue = ({ signal }) =>
    new Promise((_, reject) =>
      signal?.addEventListener("abort", () => {
        aborted = true;
        reject(signal.reason);
      })
    );
  const second = await it.accepted(issuance, "kaylee");
  await it.release(issuance, "kaylee");
  assert.ok(aborted);
  assert.equal(await issuance.get("kaylee", id), undefined);
  assert.equal(await issuance.get("kaylee", second), undefined);
  assert.equal(await issuance.latest("kaylee"), undefined);
  // Signed is signed: the authority counts it, whoever owned the name.
  assert.equal((await issuance.counts()).newNamesThisWeek, 1);
});

Deno.test("createIssuance() keeps a budget a week, in order, and holds no renewal back", async () => {
  await using it = await bench();
  const issuance = it.start({ perWeek: 2, concurrency: 1 });
  const first = await it.accepted(issuance, "old");
  await until(isReady(it, "old", first), "the first");
  it.clock.now += DAY;
  const second = await it.accepted(issuance, "new1");
  await until(isReady(it, "new1", second), "the second");
  const third = await it.accepted(issuance, "new2");
  const fourth = await it.accepted(issuance, "new3");
  const renewal = await it.accepted(issuance, "old");
  await until(isReady(it, "old", renewal), "the renewal");
  assert.equal((await issuance.counts()).newNamesThisWeek, 2);
  const states = [await issuance.get("new2", third), await issuance.get("new3", fourth)];
  assert.deepEqual(
    states.map((state) =>
      state?.status === "pending" && [state.position, Math.floor(state.retryAfterS / 3600)]
    ),
    [[1, 6 * 24], [2, 7 * 24]],
  );
  it.clock.now += 6 * DAY;
  it.authority.names.length = 0;
  const fifth = await it.accepted(issuance, "new4"); // wakes the queue
  await until(isReady(it, "new2", third), "the next");
  it.clock.now += DAY;
  await it.accepted(issuance, "new5");
  await until(isReady(it, "new3", fourth), "the one after it");
  assert.deepEqual(it.authority.names, [`new2.${baseDomain}`, `new3.${baseDomain}`]);
  assert.equal((await issuance.get("new4", fifth))?.status, "pending");
});

Deno.test("createIssuance() leaves part of the budget to others, whatever other names a user asks for", async () => {
  await using it = await bench();
  const issuance = it.start({ perWeek: 4, maxBelow: () => 1 });
  for (const label of ["a", "b"]) {
    await until(isReady(it, "kaylee", await it.accepted(issuance, "kaylee", label)), label);
  }
  const third = await it.accepted(issuance, "kaylee", "c");
  for (const username of ["river", "simon"]) {
    await until(isReady(it, username, await it.accepted(issuance, username)), username);
  }
  assert.equal((await issuance.get("kaylee", third))?.status, "pending");
  assert.equal((await issuance.counts()).newNamesThisWeek, 4);
  it.clock.now += 7 * DAY;
  await it.accepted(issuance, "wash"); // wakes the queue
  await until(isReady(it, "kaylee", third), "the third");
});

for (const restarts of [true, false]) {
  const when = restarts ? "when it starts" : "while it runs";
  Deno.test(`createIssuance() forgets old orders but never a user's certificate, ${when}`, async () => {
    await using it = await bench();
    const first = it.start();
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) {
      ids.push(await it.accepted(first, "kaylee"));
      await until(isReady(it, "kaylee", ids[i]!), "a certificate");
      it.clock.now += DAY;
    }
    it.clock.now += 31 * DAY;
    if (restarts) await first.stop();
    const now = restarts ? it.start() : first;
    // The queue is looked at each minute, and with a request.
    if (!restarts) await it.accepted(now, "river");
    await until(async () => await now.get("kaylee", ids[0]!) === undefined, "the oldest is gone");
    const states = await Promise.all(ids.map((id) => now.get("kaylee", id)));
    assert.deepEqual(states.map((state) => state?.status), [undefined, "ready", "ready"]);
  });
}

Deno.test("a newer request of a user replaces the one that still waits", async () => {
  await using it = await bench();
  const issuance = it.start({ perWeek: 1 });
  const first = await it.accepted(issuance, "river");
  await until(isReady(it, "river", first), "the first");
  const waiting = await it.accepted(issuance, "kaylee");
  await it.accepted(issuance, "kaylee");
  const state = await issuance.get("kaylee", waiting);
  assert.ok(state?.status === "failed");
  assert.equal(state.problem.type, "urn:glosson:problem:superseded");
  assert.equal((await issuance.counts()).waiting, 1);
});

Deno.test("suspend() ends what a blocked name has pending, before it costs a certificate", async () => {
  await using it = await bench();
  const ended: string[] = [];
  it.authority.issue = (order) =>
    untilAborted(order).catch((error) => {
      ended.push(...order.names);
      throw error;
    });
  const issuance = it.start({ concurrency: 1 });
  const running = await it.accepted(issuance, "kaylee");
  const waiting = await it.accepted(issuance, "mallory");
  assert.deepEqual(await issuance.counts(), { waiting: 1, running: 1, newNamesThisWeek: 0 });

  for (const username of ["kaylee", "mallory"]) {
    await it.store.accounts.setBlocked(username, true, TRACE);
    await issuance.suspend(username);
  }
  for (const [username, id] of [["kaylee", running], ["mallory", waiting]] as const) {
    const state = await issuance.get(username, id);
    assert.ok(state?.status === "failed");
    assert.equal(state.problem.type, "urn:glosson:problem:suspended");
  }
  await until(async () => (await issuance.counts()).running === 0, "the end of the order");
  assert.deepEqual(ended, [`kaylee.${baseDomain}`]);
  // A request that was being read while its name was blocked.
  const late = await it.accepted(issuance, "mallory");
  assert.equal((await issuance.get("mallory", late))?.status, "failed");

  // Unblocked, the user asks anew.
  await it.store.accounts.setBlocked("kaylee", false, TRACE);
  it.authority.issue = it.authority.real.issue;
  const again = await it.accepted(issuance, "kaylee");
  await until(isReady(it, "kaylee", again), "the certificate");
  assert.equal((await issuance.counts()).newNamesThisWeek, 1);
});

Deno.test("createIssuance() orders nothing for a name that was blocked while no relay ran", async () => {
  await using it = await bench();
  it.authority.issue = untilAborted;
  const first = it.start();
  const id = await it.accepted(first, "mallory");
  await first.stop();
  await it.store.accounts.setBlocked("mallory", true, TRACE);
  it.authority.names.length = 0;
  const second = it.start();
  const status = async () => (await second.get("mallory", id))?.status;
  await until(async () => await status() === "failed", "the order's end");
  assert.deepEqual(it.authority.names, []);
});

Deno.test("a certificate that was signed for a name blocked or released meanwhile counts", async () => {
  for (const end of ["suspend", "forget"] as const) {
    for (const late of ["signed", "asked for"]) {
      await using it = await bench();
      const asked = Promise.withResolvers<void>();
      const signed = Promise.withResolvers<void>();
      it.authority.issue = async (order) => {
        order.onSpent?.();
        asked.resolve();
        if (late === "asked for") return await untilAborted(order);
        await signed.promise;
        return await it.authority.real.issue({ ...order, signal: undefined });
      };
      const issuance = it.start();
      const id = await it.accepted(issuance, "mallory");
      await asked.promise;
      if (end === "forget") await it.release(issuance, "mallory");
      else await issuance.suspend("mallory");
      signed.resolve();
      await until(async () => (await issuance.counts()).running === 0, "the end of the order");
      assert.notEqual((await issuance.get("mallory", id))?.status, "ready");
      assert.equal(await issuance.latest("mallory"), undefined);
      assert.equal((await issuance.counts()).newNamesThisWeek, 1, `${end}, ${late}`);
    }
  }
});

Deno.test("createIssuance() looks at so many requests of a user in a row, good or not, and at others' all the same", async () => {
  await using it = await bench();
  const issuance = it.start();
  const submit = (username: string) =>
    issuance.submit(username, `${username}.${baseDomain}`, "no request");
  for (let i = 0; i < 60; i++) {
    const refused = await submit("kaylee");
    assert.ok(!refused.ok && refused.problem === "bad-csr");
  }
  const refused = await submit("kaylee");
  assert.ok(!refused.ok && refused.problem === "rate-limited");
  assert.equal(refused.retryAfterS, 60);
  await it.accepted(issuance, "river");
});

Deno.test("submit() looks at no fewer requests than a user may order", async () => {
  await using it = await bench();
  const issuance = it.start({ perAccountPerDay: 100 });
  it.authority.issue = untilAborted;
  for (let i = 0; i < 100; i++) await it.accepted(issuance, "kaylee");
});
