import assert from "node:assert/strict";
import {
  handOverOf,
  type Predecessor,
  type PredecessorLine,
  type PredecessorWord,
  type SuccessorWord,
} from "../../lib/admin/hand_over.ts";
import { JsonLine } from "../../lib/net/json_line.ts";

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

/** Of lines on which nothing is said. */
const NO_CONN = undefined as unknown as Deno.Conn;

Deno.test("handOverOf() has done a step once all have, and fails with any of them", async () => {
  const did: string[] = [];
  function relay(name: string, online: string[]): Predecessor {
    const note = async (what: string) => {
      did.push(`${name} ${what}`);
      await Promise.resolve();
      did.push(`${name} did`);
    };
    const standing = { online, ports: { data: name === "one" ? 9000 : 9001 } };
    return {
      lines: () => Promise.resolve([new JsonLine<SuccessorWord, PredecessorWord>(NO_CONN)]),
      look: () => note("looks").then(() => standing),
      leaveVisitors: () => Promise.reject(new Error(`${name} cannot`)),
      resume: () => note("resumes"),
      leaveClients: () => note("leaves"),
    };
  }
  const both = handOverOf([relay("one", ["kaylee", "river"]), relay("other", ["river", "zoe"])]);
  assert.deepEqual(await both.look(), {
    online: ["kaylee", "river", "zoe"],
    ports: { data: 9000 },
  });
  assert.equal((await both.lines()).length, 2);
  await assert.rejects(both.leaveVisitors(), /cannot/);
  for (const [step, what] of [["resume", "resumes"], ["leaveClients", "leaves"]] as const) {
    did.length = 0;
    await both[step]();
    assert.deepEqual(did, [`one ${what}`, `other ${what}`, "one did", "other did"]);
  }

  // One that fails is told of once no other is amid the step.
  const gone = { ...relay("gone", []), look: () => Promise.reject(new Error("gone")) };
  did.length = 0;
  await assert.rejects(handOverOf([gone, relay("one", [])]).look(), /gone/);
  assert.deepEqual(did, ["one looks", "one did"]);
  // What cannot leave for good has nothing to leave, but where it is the only one.
  const dead = { ...gone, leaveClients: () => Promise.reject(new Error("dead")) };
  await handOverOf([dead, relay("one", [])]).leaveClients();
  await assert.rejects(handOverOf([dead]).leaveClients(), /dead/);
});
