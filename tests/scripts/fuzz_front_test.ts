import assert from "node:assert/strict";
import { fuzzFront } from "../../scripts/fuzz/front/front.ts";

Deno.test("the client's front lives through damaged handshakes and requests, and serves good visitors", async () => {
  const { good, problems } = await fuzzFront({ cases: 300, seed: 20261126 });
  assert.deepEqual(problems, []);
  assert.ok(good.asked > 0);
});
