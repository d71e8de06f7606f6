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

Deno.test("fitDescriptors() leaves what fits, and lowers the largest of what does not", () => {
  const shares = {
    visitors: { wanted: 1000, each: 2 },
    clients: { wanted: 500, each: 3 },
    pages: { wanted: 20, each: 5 },
  };
  const plenty = fitDescriptors(10_000, shares);
  assert.deepEqual(plenty.ceilings, { visitors: 1000, clients: 500, pages: 20 });
  assert.equal(plenty.lowered, false);
  assert.ok(plenty.needed > 3600 && plenty.needed < 4200);
  // The limit said to be needed is enough, and one less is not.
  assert.equal(fitDescriptors(plenty.needed, shares).lowered, false);
  const short = fitDescriptors(plenty.needed - 2, shares);
  assert.deepEqual(short.ceilings, { visitors: 999, clients: 500, pages: 20 });
  assert.ok(short.lowered);

  for (const limit of [1, 64, 256, 1024, 2000, 3000]) {
    const { ceilings } = fitDescriptors(limit, shares);
    const used = ceilings.visitors * 2 + ceilings.clients * 3 + ceilings.pages * 5;
    assert.ok(Object.values(ceilings).every((ceiling) => ceiling >= 1));
    if (limit >= 64) assert.ok(used < limit, `${used} of ${limit}`);
    if (limit >= 1024) {
      assert.equal(ceilings.pages, 20);
      // Whoever is lowered has as many descriptors as the other.
      assert.ok(limit > 3000 || Math.abs(ceilings.visitors * 2 - ceilings.clients * 3) <= 3);
      // Nearly all are given out.
      assert.ok(used > limit - (plenty.needed - 3600) - 10, `${used} of ${limit}`);
    }
  }
  assert.equal(fitDescriptors(undefined, shares).lowered, false);
});
