import assert from "node:assert/strict";
import { createIssuance } from "../../../lib/issuance/issuance.ts";
import { openStore } from "../../../lib/store/open.ts";
import { quickRequest, recordedLog, until } from "../../certificate/helpers.ts";
import { acmeBench, BASE } from "./bench.ts";

/** The steps of an order up to where it is paid for, at each of which the name is blocked once. */
const STEPS = ["order placed", "challenge written", "challenge visible", "names proven"];

Deno.test("an order whose name is blocked on the way costs no certificate, and leaves nothing", async () => {
  await using it = await acmeBench();
  const store = await openStore(it);
  const log = recordedLog();
  let blockAt = "";
  const issuance = createIssuance({
    store,
    authority: await it.open(),
    log: {
      ...log,
      debug(message, fields) {
        log.debug(message, fields);
        if (message === blockAt) issuance.suspend(String(fields?.username));
      },
    },
  });
  try {
    for (blockAt of STEPS) {
      const hostname = `mallory.${BASE}`;
      const answer = await issuance.submit("mallory", hostname, await quickRequest(hostname));
      assert.ok(answer.ok);
      await until(
        async () => (await issuance.counts()).running === 0,
        `the end at ${blockAt}`,
        60_000,
      );
      const state = await issuance.get("mallory", answer.id);
      assert.equal(state?.status === "failed" && state.problem.status, 403);
      assert.deepEqual(await it.dns.txt(`_acme-challenge.${hostname}`), []);
    }
    const steps = log.lines.filter(({ level }) => level === "debug").map(({ message }) => message);
    assert.deepEqual(STEPS.filter((step) => !steps.includes(step)), []);
    assert.equal(steps.includes("certificate requested"), false);
    assert.equal((await issuance.counts()).newNamesThisWeek, 0);

    // Blocked a moment later it has cost one, which counts though nobody gets it.
    blockAt = "certificate requested";
    const hostname = `mallory.${BASE}`;
    await issuance.submit("mallory", hostname, await quickRequest(hostname));
    await until(async () => (await issuance.counts()).running === 0, "the end", 60_000);
    assert.equal(await issuance.latest("mallory"), undefined);
    assert.equal((await issuance.counts()).newNamesThisWeek, 1);
  } finally {
    await issuance.stop();
    await store.close();
  }
});
