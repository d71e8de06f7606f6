import assert from "node:assert/strict";
import type { JoinedVisitor } from "../../../../examples/client/data_connection.ts";
import { Beginning } from "../../../../examples/client/watch/first_bytes.ts";
import { Witness } from "../../../../examples/client/watch/witness.ts";
import type { Duplex } from "../../../../lib/net/splice.ts";
import { NO_VISITOR_END } from "./no_visitor_end.ts";

/** Bytes that stand for a hello: as long as what tells two of them apart. */
const hello = (byte: number): Uint8Array<ArrayBuffer> => new Uint8Array(64).fill(byte);

/** A connection from which those bytes come, and that takes everything. */
function from(bytes: Uint8Array): Duplex {
  return {
    read(p) {
      p.set(bytes);
      return Promise.resolve(bytes.length);
    },
    write: (p) => Promise.resolve(p.length),
    closeWrite: () => Promise.resolve(),
    close() {},
  };
}

/** A witness, and the connections as its visitor end got them. */
function witnessed(): { witness: Witness; served: Duplex[]; visits: () => number } {
  const served: Duplex[] = [];
  let visits = 0;
  const end = {
    ...NO_VISITOR_END,
    serve: ({ conn }: JoinedVisitor) => Promise.resolve(void served.push(conn)),
  };
  return { witness: new Witness(end, () => visits++), served, visits: () => visits };
}

function joined(conn: Duplex, head: Uint8Array = new Uint8Array(0)): JoinedVisitor {
  return { state: "joined", conn, header: new Uint8Array(0), head };
}

Deno.test("Witness knows the visit that began as the one outside did, among others", async () => {
  const { witness, served } = witnessed();
  const outside = new Beginning();
  outside.fromVisitor.add(hello(1));
  outside.toVisitor.add(hello(2));
  using watched = witness.watch(outside);
  // A crowd of others, of whose hello some came with the connection and some comes later.
  for (let i = 0; i < 1_000; i++) {
    witness.serve(joined(from(hello(3)), i % 2 === 0 ? hello(4) : undefined));
    await served.at(-1)!.read(new Uint8Array(64));
  }
  witness.serve(joined(from(hello(1))));
  const own = served.at(-1)!;
  await own.read(new Uint8Array(64));
  assert.equal(watched.saw(), false, "the answer is a part of it");
  await own.write(hello(2));
  assert.equal(watched.saw(), true);
});

Deno.test("Witness keeps nothing of the visits of others, and of few that may be its own", () => {
  const { witness, served, visits } = witnessed();
  const outside = new Beginning();
  outside.fromVisitor.add(hello(1));
  const watching = witness.watch(outside);
  const other = from(hello(3));
  witness.serve(joined(other, hello(3)));
  assert.equal(served.at(-1), other);
  // As a relay may pass one hello on over and over.
  const same = Array.from({ length: 1_000 }, () => from(hello(1)));
  for (const conn of same) witness.serve(joined(conn, hello(1)));
  assert.equal(served.slice(1).filter((conn, i) => conn !== same[i]).length, 64);
  watching[Symbol.dispose]();
  assert.equal(visits(), 0);
  witness.serve(joined(other));
  assert.equal(visits(), 1);
});
