import assert from "node:assert/strict";
import { Authority } from "../../examples/conformance/authority.ts";
import { httpFor } from "../../scripts/bench/load/glosson.ts";
import { stay } from "../../scripts/bench/load/stay.ts";
import { until } from "../../scripts/bench/until.ts";
import { freePort } from "../../scripts/ports.ts";

Deno.test("stay() gives up a user who cannot be online at first, and says why", async () => {
  const { pem: ca } = await Authority.create();
  const port = freePort();
  const nowhere = {
    ...{ username: "kaylee", token: "t", ca, pool: 0 },
    ...{ controlPort: port, dataPort: port },
  };
  using http = httpFor(nowhere);
  const onOnline = (): void => assert.fail("there is nobody to be online at");
  await assert.rejects(
    stay(nowhere, { http, onOnline, firstMs: 200 }),
    /^Error: kaylee is not online within 200 ms: .*failed to connect/,
  );
});

Deno.test("until() looks until nothing is missing, and tells what is when the time is over", async () => {
  const left = ["two are missing", "one is missing"];
  let looks = 0;
  await until(() => Promise.resolve(left[looks++]), 60);
  assert.equal(looks, 3);
  const never = () => Promise.resolve("499 of 500 are online");
  await assert.rejects(until(never, 0), /after 0 s: 499 of 500 are online$/);
});
