import assert from "node:assert/strict";
import { fuzzFront } from "../../scripts/fuzz/front/front.ts";
import { PYTHON_FRONT } from "../examples/client/front/front_process.ts";
import { LEAVING_APP } from "../examples/client/front/leaving_app.ts";
import { LEAVING_HTTP1 } from "../examples/client/front/leaving_http1.ts";
import { leavesNothing } from "../examples/client/front/left_behind.ts";

/** Visits of a kind. */
const COUNT = 16;

Deno.test("the Python client's front gives back what a visitor took, whenever and however they leave", (t) =>
  leavesNothing(t, LEAVING_HTTP1, COUNT, PYTHON_FRONT));

Deno.test("the Python client's front gives back what a visitor took, whenever and however the app leaves", (t) =>
  leavesNothing(t, LEAVING_APP, COUNT, PYTHON_FRONT));

Deno.test("the Python client's front lives through damaged handshakes and requests, and serves good visitors", async () => {
  const { good, problems } = await fuzzFront({ cases: 300, seed: 7, program: PYTHON_FRONT });
  assert.deepEqual(problems, []);
  assert.ok(good.asked > 0);
});
