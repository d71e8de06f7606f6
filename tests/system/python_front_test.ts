import assert from "node:assert/strict";
import { fuzzFront } from "../../scripts/fuzz/front/front.ts";
import { PYTHON_FRONT } from "../examples/client/front/front_process.ts";
import { LEAVING_APP } from "../examples/client/front/leaving_app.ts";
import { LEAVING_HTTP1 } from "../examples/client/front/leaving_http1.ts";
import { leavesNothing } from "../examples/client/front/left_behind.ts";
import { limitsFor } from "../../examples/client/front/limits.ts";
import { PACKAGE, sh } from "./python_client.ts";

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

Deno.test("both clients' limits follow alike from how long a visitor may be silent", async () => {
  const silences = [1, 5, 30, 60, 3_600];
  const program = [
    "import dataclasses, json, sys",
    "from glosson.visitor_limits import limits_for",
    "print(json.dumps([dataclasses.asdict(limits_for(float(each))) for each in sys.argv[1:]]))",
  ].join("\n");
  const { text } = await sh(["python3", "-c", program, ...silences.map(String)], { cwd: PACKAGE });
  const told: Record<string, number>[] = JSON.parse(text);
  const expected = silences.map((seconds) => {
    const { keepAlive, halfClosed, ...others } = limitsFor(seconds * 1_000);
    const all = { ...others, keep_alive: keepAlive, half_closed: halfClosed };
    return Object.fromEntries(Object.entries(all).map(([name, ms]) => [name, ms / 1_000]));
  });
  assert.deepEqual(told.map(({ closing: _, ...others }) => others), expected);
});
