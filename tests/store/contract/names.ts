import assert from "node:assert/strict";
import type { Holds } from "./subject.ts";

const NAME = "kaylee.glosson.test";

/** A name with one set of each type. */
function own(name: string, sets: Record<string, string>) {
  return {
    name,
    sets: Object.entries(sets).map(([type, contents]) => ({ type, contents })),
  };
}

export function nameContract(holds: Holds): void {
  holds("sets are ours from before they are written until others are", async ({ store }) => {
    const { names } = store;
    assert.equal((await names.of(NAME)).size, 0);
    await names.writing([own(NAME, { A: "1", AAAA: "6" })]);
    await names.written([own(NAME, { A: "1", AAAA: "6" })]);
    await names.writing([own(NAME, { A: "2" })]);
    const both = new Map([["A", new Set(["1", "2"])], ["AAAA", new Set(["6"])]]);
    assert.deepEqual(await names.of(NAME), both);
    await names.written([own(NAME, { A: "2" })]);
    assert.deepEqual(await names.of(NAME), new Map([["A", new Set(["2"])]]));
    await names.written([own(NAME, {})]);
    assert.equal((await names.of(NAME)).size, 0);
    assert.equal((await names.all()).size, 0);
  });

  holds("the names below a name are known", async ({ store: { names } }) => {
    const below = [`app.${NAME}`, `b.${NAME}`];
    await names.written(
      [NAME, `x${NAME}`, ...below].map((name) => own(name, { A: "1", AAAA: "6" })),
    );
    assert.deepEqual(await names.below(NAME), below);
    assert.deepEqual(await names.below("test"), [...below, NAME, `x${NAME}`].toSorted());
    assert.deepEqual(await names.below(below[0]!), []);
  });

  holds("the sets of all names are had at once", async ({ store, reopen }) => {
    const { names } = store;
    await names.written([own("b.test", { A: "1", TXT: "x" }), own("a.test", { A: "2" })]);
    await names.writing([]);
    await names.written([]);
    const all = new Map([
      ["a.test", new Map([["A", new Set(["2"])]])],
      ["b.test", new Map([["A", new Set(["1"])], ["TXT", new Set(["x"])]])],
    ]);
    assert.deepEqual(await names.all(), all);
    assert.deepEqual(await (await reopen()).names.all(), all);
  });
}
