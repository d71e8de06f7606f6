import assert from "node:assert/strict";
import { groupOf, leastMissed, Visit } from "../../../../examples/client/front/visit.ts";

/** A visit that is idle or busy, on which something last moved at this time. */
function visit(address: string | undefined, movedAt: number, idle = true): Visit {
  const one = new Visit(connection(), address);
  one.movedAt = movedAt;
  one.idle = idle;
  return one;
}

function connection(): ConstructorParameters<typeof Visit>[0] & { closed: number } {
  return {
    closed: 0,
    read: () => Promise.resolve(null),
    write: (p) => Promise.resolve(p.length),
    closeWrite: () => Promise.resolve(),
    close() {
      this.closed++;
    },
  };
}

const [A, B, C] = ["192.0.2.1", "192.0.2.2", "192.0.2.3"];

Deno.test("leastMissed() gives up the longest idle visit of the address that has most", () => {
  const visits = [visit(A, 1), visit(B, 3), visit(B, 2), visit(B, 4, false), visit(B, 0, false)];
  assert.equal(leastMissed(visits, C), visits[2]);
  assert.equal(leastMissed(visits, A), visits[2]);
  // Who has most gives up their own.
  assert.equal(leastMissed(visits, B), visits[2]);
});

Deno.test("leastMissed() gives up the busy visit on which nothing moved longest, if it must", () => {
  const visits = [visit(A, 0, false), visit(B, 3, false), visit(B, 2, false)];
  assert.equal(leastMissed(visits, C), visits[2]);
  assert.equal(leastMissed(visits, A), visits[2]);
});

Deno.test("leastMissed() gives up nobody busy for an address that has as many", () => {
  assert.equal(leastMissed([visit(A, 0, false), visit(A, 1, false)], A), undefined);
  const even = [visit(A, 0, false), visit(B, 1, false)];
  assert.equal(leastMissed(even, A), undefined);
  assert.equal(leastMissed(even, C), even[0]);
  assert.equal(leastMissed([], A), undefined);
});

Deno.test("groupOf() counts an IPv6 network as one, and all whose address is not known as one", () => {
  assert.equal(groupOf("2001:db8::1"), groupOf("2001:db8::ffff:2"));
  assert.notEqual(groupOf("2001:db8::1"), groupOf("2001:db8:0:1::1"));
  assert.equal(groupOf("::ffff:192.0.2.1"), groupOf("192.0.2.1"));
  assert.equal(groupOf(undefined), "");
});

Deno.test("Visit.end() closes everything once, and what comes later at once", () => {
  const [outer, inner, late] = [connection(), connection(), connection()];
  const visit = new Visit(outer, A);
  visit.owns(inner);
  assert.equal(visit.gone.aborted, false);
  visit.end();
  visit.end();
  visit.owns(late);
  assert.deepEqual([outer.closed, inner.closed, late.closed], [1, 1, 1]);
  assert.equal(visit.gone.aborted, true);
});

Deno.test("Visit tells when the visitor has ended their side", async () => {
  const visit = new Visit(connection(), A);
  let told = 0;
  visit.onHalfClosed = () => told++;
  assert.equal(visit.halfClosed, false);
  await visit.toldOfEnds(connection()).closeWrite();
  assert.deepEqual([visit.halfClosed, told], [true, 1]);
});
