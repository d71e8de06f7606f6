import assert from "node:assert/strict";
import { descriptorLimit, fitDescriptors } from "../../lib/net/descriptors.ts";

const LIMITS_FILE = `Limit                     Soft Limit           Hard Limit           Units
Max processes             96365                96365                processes
Max open files            1024                 524288               files
`;

Deno.test("descriptorLimit() reads the limits' file, else asks Python, else does not know", async () => {
  const limitsFile = () => Promise.resolve(LIMITS_FILE);
  const denied = () => Promise.reject(new Deno.errors.NotCapable("no"));
  const says = (text: string) => () => Promise.resolve(text);
  assert.equal(await descriptorLimit({ limitsFile, python: denied }), 1024);
  assert.equal(await descriptorLimit({ limitsFile: denied, python: says("4096\n") }), 4096);
  assert.equal(await descriptorLimit({ limitsFile: says("?"), python: says("4096\n") }), 4096);
  for (const text of ["", "-1\n", "18446744073709551615\n", "Traceback"]) {
    assert.equal(await descriptorLimit({ limitsFile: denied, python: says(text) }), undefined);
  }
  assert.equal(await descriptorLimit({ limitsFile: denied, python: denied }), undefined);
});

Deno.test("descriptorLimit() finds this process's own limit both ways", async () => {
  const fromFile = await descriptorLimit();
  const fromPython = await descriptorLimit({ limitsFile: () => Promise.reject(new Error("no")) });
  assert.ok(fromFile! >= 64);
  assert.equal(fromPython, fromFile);
});

Deno.test("fitDescriptors() leaves what fits, and lowers all alike what does not", () => {
  const shares = { visitors: { wanted: 1000, each: 2 }, clients: { wanted: 100, each: 3 } };
  const plenty = fitDescriptors(10_000, shares);
  assert.deepEqual(plenty.ceilings, { visitors: 1000, clients: 100 });
  assert.equal(plenty.lowered, false);
  assert.ok(plenty.needed > 2300 && plenty.needed < 10_000);
  // The limit said to be needed is enough, and one less is not.
  assert.equal(fitDescriptors(plenty.needed, shares).lowered, false);
  assert.equal(fitDescriptors(plenty.needed - 1, shares).lowered, true);

  for (const limit of [1, 64, 256, 1024, 2000]) {
    const { ceilings, lowered } = fitDescriptors(limit, shares);
    assert.ok(lowered);
    assert.ok(ceilings.visitors >= 1 && ceilings.clients >= 1);
    if (limit >= 64) assert.ok(ceilings.visitors * 2 + ceilings.clients * 3 < limit);
    if (limit >= 256) {
      assert.ok(Math.abs(ceilings.visitors / ceilings.clients - 10) < 3, "the shares stay");
    }
  }
  assert.equal(fitDescriptors(undefined, shares).lowered, false);
});
