import assert from "node:assert/strict";
import { SILENT_LOG } from "../../../lib/log.ts";
import type { DataConnection } from "../../../examples/client/data_connection.ts";
import type { JoinedVisitor } from "../../../examples/client/data_connection.ts";
import { Parking } from "../../../examples/client/parking.ts";
import { HeldSleeps } from "./held_sleeps.ts";

/** Where the tickets are shown. */
const ADDRESS = { hostname: "relay.example.org", port: 9000 };

/** A place to park in, whose connections a test decides about. */
function lot(wanted = 2): {
  parking: Parking;
  dials: {
    ticket: string;
    shown: () => void;
    become: (connection: DataConnection) => void;
    fail: () => void;
  }[];
  sleeps: HeldSleeps;
  joined: JoinedVisitor[];
  asked: () => number;
  leaving: AbortController;
  clock: { now: number };
} {
  const dials: ReturnType<typeof lot>["dials"] = [];
  const sleeps = new HeldSleeps();
  const joined: JoinedVisitor[] = [];
  const leaving = new AbortController();
  const clock = { now: 0 };
  let asked = 0;
  const parking = new Parking({
    wanted: () => wanted,
    dial: (ticket, _address, shown) =>
      new Promise((become, reject) =>
        dials.push({ ticket, shown, become, fail: () => reject(new Error("no")) })
      ),
    onJoined: (connection) => joined.push(connection),
    ask: () => asked++,
    signal: leaving.signal,
    now: () => clock.now,
    sleep: sleeps.sleep,
    random: () => 0.999,
    log: SILENT_LOG,
  });
  return { parking, dials, sleeps, joined, asked: () => asked, leaving, clock };
}

/** Lets everything happen that can without time passing. */
function settled(): Promise<void> {
  return new Promise((done) => setTimeout(done));
}

Deno.test("Parking uses tickets as far as there are places", async () => {
  const { parking, dials } = lot(2);
  parking.offer(["a", "b", "c"], ADDRESS);
  await settled();
  assert.deepEqual(dials.map(({ ticket }) => ticket), ["a", "b"]);
  assert.equal(parking.taken, 2);
});

Deno.test("Parking keeps the tickets that it has no place for, until they are void", async () => {
  const { parking, dials, clock } = lot(1);
  parking.offer(["a", "b"], ADDRESS);
  clock.now = 30_000;
  parking.offer(["c"], ADDRESS);
  await settled();
  // The visitor's first byte comes behind the ticket that replaces this connection.
  dials[0]!.become({ state: "joined", head: new Uint8Array() } as JoinedVisitor);
  await settled();
  assert.deepEqual(dials.map(({ ticket }) => ticket), ["a", "b"]);
  clock.now = 60_000;
  dials[1]!.become({ state: "joined", head: new Uint8Array() } as JoinedVisitor);
  await settled();
  assert.deepEqual(dials.map(({ ticket }) => ticket), ["a", "b", "c"]);

  parking.offer(Array.from({ length: 70 }, (_, i) => `${i}`), ADDRESS);
  clock.now = 119_999;
  dials[2]!.become({ state: "joined", head: new Uint8Array() } as JoinedVisitor);
  await settled();
  assert.equal(dials.at(-1)!.ticket, "6", "no more are kept than a relay grants");
  clock.now = 120_000;
  dials[3]!.become({ state: "joined", head: new Uint8Array() } as JoinedVisitor);
  await settled();
  assert.equal(dials.length, 4, "the rest is void");
});

Deno.test("Parking hands a visitor over and asks for another ticket", async () => {
  const { parking, dials, joined, asked } = lot(1);
  parking.offer(["a"], ADDRESS);
  await settled();
  const connection = { state: "joined", head: new Uint8Array() } as JoinedVisitor;
  dials[0]!.become(connection);
  await settled();
  assert.deepEqual(joined, [connection]);
  assert.deepEqual([parking.taken, asked()], [0, 1]);
});

Deno.test("Parking parks again at once after an orderly expiry", async () => {
  const { parking, dials, asked, clock } = lot(1);
  parking.offer(["a"], ADDRESS);
  await settled();
  clock.now = 300_000;
  dials[0]!.become({ state: "ended" });
  await settled();
  assert.equal(asked(), 1);
  parking.offer(["b"], ADDRESS);
  await settled();
  assert.equal(dials[1]!.ticket, "b");
});

for (const state of ["refused", "ended"] as const) {
  Deno.test(`Parking waits longer each time a connection is ${state} at once`, async () => {
    const { parking, dials, sleeps, clock } = lot(1);
    for (const [i, ms] of [undefined, 499, 999, 1998].entries()) {
      parking.offer([`${i}`], ADDRESS);
      await settled();
      if (ms !== undefined && ms >= 1000) {
        clock.now += ms;
        await sleeps.end(ms);
      }
      await settled();
      dials[i]!.become({ state });
      await settled();
      // Below a second the sleeps of this test are over at once.
      if (i < 2) clock.now += 1000;
    }
    assert.deepEqual(sleeps.begun, [1998]);
  });
}

Deno.test("Parking shows a ticket again that was not shown, until it is too old", async () => {
  const { parking, dials, clock, asked, sleeps } = lot(1);
  parking.offer(["a"], ADDRESS);
  await settled();
  for (let tries = 1; tries <= 2; tries++) {
    dials[tries - 1]!.fail();
    clock.now += 500 * tries;
    await settled();
    assert.equal(dials[tries]!.ticket, "a");
  }
  clock.now = 60_000;
  dials[2]!.fail();
  await settled();
  assert.equal(asked(), 0);
  await sleeps.end(1998);
  await settled();
  assert.deepEqual([parking.taken, dials.length, asked()], [0, 3, 1]);
});

Deno.test("Parking gives up a ticket that was shown", async () => {
  const { parking, dials, asked } = lot(1);
  parking.offer(["a"], ADDRESS);
  await settled();
  dials[0]!.shown();
  dials[0]!.fail();
  await settled();
  assert.deepEqual([parking.taken, asked(), dials.length], [0, 1, 1]);
});

Deno.test("Parking takes failures of the same moment as one", async () => {
  const { parking, dials, sleeps, clock } = lot(4);
  parking.offer(["a", "b", "c", "d"], ADDRESS);
  await settled();
  for (const { become } of dials) become({ state: "refused" });
  await settled();
  clock.now = 600;
  parking.offer(["e"], ADDRESS);
  await settled();
  assert.equal(dials[4]!.ticket, "e");
  assert.deepEqual(sleeps.begun, []);
});

Deno.test("Parking asks for nothing when it is over", async () => {
  const { parking, dials, leaving, asked } = lot(1);
  parking.offer(["a"], ADDRESS);
  await settled();
  leaving.abort();
  dials[0]!.fail();
  await settled();
  assert.equal(asked(), 0);
});
