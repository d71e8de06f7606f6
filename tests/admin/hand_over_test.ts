import assert from "node:assert/strict";
import { handOverOf, type Predecessor, type PredecessorLine } from "../../lib/admin/hand_over.ts";

/** A relay of which only the line is asked for. */
function relay(lines: Predecessor["lines"]): Predecessor {
  const step = () => Promise.resolve({ online: [], ports: {} });
  const done = () => Promise.resolve();
  return { lines, look: step, leaveVisitors: step, resume: done, leaveClients: done };
}

Deno.test("handOverOf() opens the line to each relay, or leaves none open", async () => {
  let closed = 0;
  const line = { close: () => void closed++ } as PredecessorLine;
  const good = relay(() => Promise.resolve([line]));
  assert.deepEqual(await handOverOf([good, good]).lines(), [line, line]);
  assert.equal(closed, 0);
  const bad = relay(() => Promise.reject(new Error("no answer")));
  await assert.rejects(handOverOf([good, bad, good]).lines(), /no answer/);
  assert.equal(closed, 2);
});
