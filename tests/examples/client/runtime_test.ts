import assert from "node:assert/strict";
import { runtimeProblem } from "../../../examples/client/runtime.ts";

Deno.test("runtimeProblem() names the version that is too old, and the mend", () => {
  assert.match(runtimeProblem("2.7.11")!, /Deno 2\.7\.11.* 2\.8 or newer.*deno upgrade/);
  assert.match(runtimeProblem("1.46.3")!, /Deno 1\.46\.3/);
  for (const version of ["2.8.0", "2.9.6", "2.10.0", "3.0.0-rc.1", Deno.version.deno]) {
    assert.equal(runtimeProblem(version), undefined);
  }
});
