import assert from "node:assert/strict";
import { isServed, type Outcome } from "../../lib/visitor/outcome.ts";

Deno.test("isServed() tells who got what there was to get", () => {
  const served: Outcome[] = ["parked", "dialled", "offline", "fallback", "http", "no-page", "left"];
  const refused: Outcome[] = ["unanswered", "no-name", "limit-rate", "bad-http", "not-tls"];
  assert.deepEqual(served.filter((outcome) => !isServed(outcome)), []);
  assert.deepEqual(refused.filter(isServed), []);
});
