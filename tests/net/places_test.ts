import assert from "node:assert/strict";
import fc from "fast-check";
import { type Place, Places } from "../../lib/net/places.ts";

/** Takes places for a key until there are no more. */
function fill(places: Places, ...keys: string[]): Place[] {
  const taken: Place[] = [];
  for (let place = places.take(...keys); place !== undefined; place = places.take(...keys)) {
    taken.push(place);
  }
  return taken;
}

Deno.test("Places.take() gives a key at most half, two a third each, and others still find some", () => {
  const places = new Places({ total: 90 });
  assert.equal(fill(places, "a").length, 45);
  assert.equal(fill(places, "b").length, 23);
  assert.equal(fill(places, "c").length, 11);
  assert.equal(places.used, 79);
  // However greedy those three are, a fourth that holds none is not turned away.
  assert.ok(places.take("d"));
});

Deno.test("Places.take() keeps to the most of one key, and to the total without keys", () => {
  const places = new Places({ total: 10, perKey: 2 });
  assert.equal(fill(places, "a").length, 2);
  const rest = fill(places);
  assert.equal(rest.length, 8);
  assert.equal(places.take("b"), undefined);
  rest[0]!.leave();
  assert.ok(places.take("b"));
});

Deno.test("Places.take() asks for the most of each key", () => {
  const most: Record<string, number> = { a: 1, b: 3 };
  const places = new Places({ total: 100, perKey: (key) => most[key]! });
  assert.deepEqual(["a", "b"].map((key) => fill(places, key).length), [1, 3]);
  most.a = 2;
  assert.ok(places.take("a"));
});

Deno.test("Place.leave() counts once, Place.assign() counts for the key from then on", () => {
  const places = new Places({ total: 10, perKey: 1 });
  const first = places.take()!;
  assert.ok(first.assign("a"));
  assert.equal(places.usedBy("a"), 1);
  const second = places.take()!;
  assert.ok(!second.assign("a"));
  first.leave();
  first.leave();
  assert.deepEqual([places.used, places.usedBy("a")], [1, 0]);
  assert.ok(second.assign("a"));
  second.leave();
  assert.deepEqual([places.used, places.usedBy("a")], [0, 0]);
  assert.ok(!second.assign("b"));
  assert.equal(places.usedBy("b"), 0);
});

Deno.test("Places without a total has the limit by key only", () => {
  const places = new Places({ perKey: 3 });
  for (const key of ["a", "b"]) assert.equal(fill(places, key).length, 3);
  for (let i = 0; i < 1000; i++) assert.ok(places.take());
});

Deno.test("Places never gives more than it has, and never refuses a key below every other's share", () => {
  const step = fc.oneof(
    fc.record({ take: fc.integer({ min: 0, max: 5 }) }),
    fc.record({ leave: fc.nat() }),
  );
  fc.assert(fc.property(fc.integer({ min: 1, max: 40 }), fc.array(step), (total, steps) => {
    const places = new Places({ total });
    const held: { key: string; place: Place }[] = [];
    for (const s of steps) {
      if ("leave" in s) {
        if (held.length > 0) held.splice(s.leave % held.length, 1)[0]!.place.leave();
        continue;
      }
      const key = String(s.take);
      const own = held.filter((h) => h.key === key).length;
      const free = total - held.length;
      const place = places.take(key);
      assert.equal(place !== undefined, own < free);
      if (place) held.push({ key, place });
    }
    assert.equal(places.used, held.length);
    assert.ok(places.used <= total);
    for (const { place } of held) place.leave();
    assert.equal(places.used, 0);
  }));
});

Deno.test("Places.take() gives many addresses of one network no more than one address", () => {
  const places = new Places({ total: 100, perKey: 30 });
  const taken: Place[] = [];
  for (let i = 0; i < 200; i++) taken.push(...fill(places, `address ${i}`, "/56", "/48"));
  assert.deepEqual([taken.length, places.usedBy("/48")], [50, 50]);
  assert.equal(fill(places, "one", "another /56", "/48").length, 0);
  assert.equal(fill(places, "one", "another /56", "another /48").length, 25);
  for (const place of taken) place.leave();
  assert.deepEqual([places.used, places.usedBy("/48"), places.usedBy("/56")], [25, 0, 0]);

  const later = places.take()!;
  assert.ok(later.assign("two", "/56", "/48"));
  assert.equal(places.usedBy("/48"), 1);
  later.leave();
  assert.equal(places.usedBy("/48"), 0);
});
