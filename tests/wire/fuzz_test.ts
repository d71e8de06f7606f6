import { deepEqual, equal, ok } from "node:assert/strict";
import { fuzz, TARGETS } from "../../scripts/fuzz.ts";

/** A start for what `scripts/fuzz.ts` does with millions of cases. */
const CASES = 5000;

for (const target of TARGETS) {
  Deno.test(`fuzz() finds no bytes that the ${target.name} reader misreads`, () => {
    const report = fuzz(target, 1, 0, CASES);
    equal(report.failure, undefined);
    equal(report.cases, CASES);
    ok(Object.keys(report.outcomes).length >= 3, JSON.stringify(report.outcomes));
  });
}

Deno.test("fuzz() reports the case at which a reader fails", () => {
  const [target] = TARGETS;
  const broken = {
    ...target!,
    judge: (bytes: Uint8Array): string | undefined => bytes.length > 600 ? "too long" : undefined,
  };
  const { failure } = fuzz(broken, 1, 0, CASES);
  equal(failure?.what, "too long");
  deepEqual(fuzz(broken, 1, failure!.index, 1).failure, failure);
});
