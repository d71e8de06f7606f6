import assert from "node:assert/strict";
import { sleep } from "../../lib/net/pause.ts";
import { metricOf } from "./metrics.ts";
import { type Relay, startRelay } from "./relay.ts";
import { connectControl, dialData, readToEnd, signUp } from "./user.ts";

const TICKET = "A".repeat(22);

/** A message of so many bytes of UTF-8, of a type that nobody knows. */
function messageOf(bytes: number, filler = "x"): string {
  const frame = { type: "unknown", filler: "" };
  const room = bytes - JSON.stringify(frame).length;
  const size = new TextEncoder().encode(filler).length;
  frame.filler = filler.repeat(Math.floor(room / size)) + "x".repeat(room % size);
  return JSON.stringify(frame);
}

const GOOD: [what: string, frame: string][] = [
  ["a type that is not known", '{"type":"later","more":[1]}'],
  ["members that are not known", '{"type":"pool","size":0,"more":{}}'],
  ["no pool", '{"type":"pool","size":0}'],
  ["the largest pool", '{"type":"pool","size":64}'],
  ["a whole number written otherwise", '{"type":"pool","size":2.0e0}'],
  ["a ticket that is nobody's", `{"type":"refuse","ticket":"${TICKET}","reason":"busy"}`],
  ["no reason", `{"type":"refuse","ticket":"${TICKET}"}`],
  ["16 KiB", messageOf(16_384)],
  ["16 KiB in fewer characters", messageOf(16_384, "é")],
];

const BAD: [what: string, frame: string | Uint8Array<ArrayBuffer>][] = [
  ["a pool of 65", '{"type":"pool","size":65}'],
  ["a pool below none", '{"type":"pool","size":-1}'],
  ["half a connection", '{"type":"pool","size":1.5}'],
  ["a pool in a string", '{"type":"pool","size":"3"}'],
  ["null for a pool", '{"type":"pool","size":null}'],
  ["a pool without end", '{"type":"pool","size":1e999}'],
  ["no size", '{"type":"pool"}'],
  ["no ticket", '{"type":"refuse","reason":"busy"}'],
  ["a ticket that is a number", '{"type":"refuse","ticket":1}'],
  ["no type", '{"size":1}'],
  ["a type that is no string", '{"type":1}'],
  ["no object", '"pool"'],
  ["null", "null"],
  ["a list", '[{"type":"pool","size":1}]'],
  ["half an object", '{"type":"pool","size":1'],
  ["nothing", ""],
  ["more than 16 KiB", messageOf(16_385)],
  ["more than 16 KiB in fewer characters", messageOf(16_386, "é")],
  // No more of it is read than shows that, and who is still sending reads why it has to go.
  ["64 KiB", messageOf(65_536)],
  ["500 KB", messageOf(500_000)],
  ["500 KB in a binary frame", new Uint8Array(500_000)],
  ["a binary frame", new TextEncoder().encode('{"type":"pool","size":1}')],
];

Deno.test("messages are taken, ignored, or end the session with 4400", async (t) => {
  await using relay = await startRelay({ settings: { LOG_LEVEL: "info" } });
  const user = await signUp(relay, "kaylee");
  for (const [what, frame] of GOOD) {
    await t.step(what, async () => {
      await using link = await connectControl(relay, user);
      link.socket.send(frame);
      // What comes next is taken all the same; who asks first is granted first.
      link.send({ type: "pool", size: 1 });
      const size = Number(JSON.parse(frame).size ?? 0);
      assert.equal((await link.next("tickets")).tickets.length, Math.max(size, 1));
    });
  }
  for (const [what, frame] of BAD) {
    await t.step(what, async () => {
      const link = await connectControl(relay, user);
      link.socket.send(frame);
      const { type, reason, retryAfterMs, ...more } = await link.next("goodbye");
      assert.deepEqual([type, reason, more], ["goodbye", "protocol", {}]);
      assert.ok(Number.isInteger(retryAfterMs) && retryAfterMs >= 0);
      assert.equal((await link.closed).code, 4400);
    });
  }
});

Deno.test("granted tickets and parked connections together are as many as the pool", async () => {
  await using relay = await startRelay();
  await using link = await connectControl(relay, await signUp(relay, "kaylee"));
  const grant = async (): Promise<string[]> => (await link.next("tickets")).tickets;
  link.send({ type: "pool", size: 3 });
  const first = await grant();
  assert.deepEqual(first.length, 3);
  for (const ticket of first) assert.match(ticket, /^[A-Za-z0-9_-]{22}$/);
  // Shown, one of them is parked: as many as before are wanted, so two more for a pool of five.
  const parked = await dialData(relay, first[0]!);
  await parkedCount(relay, 1);
  link.send({ type: "pool", size: 3 });
  link.send({ type: "pool", size: 5 });
  const more = await grant();
  assert.equal(more.length, 2);
  // A ticket that was shown is good no more, whatever it was for.
  using again = await dialData(relay, first[0]!);
  assert.equal(new TextDecoder().decode(await readToEnd(again)), "GLOSSON/1 refused\n");
  // One that was parked and ended is made up for.
  parked.close();
  assert.equal((await grant()).length, 1);
  // A smaller pool ends what is above it, the oldest first, and grants nothing.
  const conns = [await dialData(relay, first[1]!), await dialData(relay, first[2]!)];
  await parkedCount(relay, 2);
  link.send({ type: "pool", size: 1 });
  assert.equal(await conns[0]!.read(new Uint8Array(1)), null);
  link.send({ type: "pool", size: 0 });
  assert.equal(await conns[1]!.read(new Uint8Array(1)), null);
  for (const conn of conns) conn.close();
});

/** Waits until so many connections are parked. */
async function parkedCount(relay: Relay, count: number): Promise<void> {
  while (true) {
    if (await metricOf(relay, "glossond_parked_connections") === count) return;
    await sleep(10);
  }
}
