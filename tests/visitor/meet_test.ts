import assert from "node:assert/strict";
import type { Duplex } from "../../lib/net/splice.ts";
import { meet, type MeetingSession, OPENING_MS } from "../../lib/visitor/meet.ts";
import { openingBytes } from "../../lib/visitor/opening.ts";
import { ManualClock } from "../manual_clock.ts";
import { pipe, readAll, utf8 } from "../net/pipe.ts";

const ADDRESSES = {
  source: { address: "192.0.2.1", port: 1234 },
  destination: { address: "198.51.100.1", port: 443 },
};
const OPENING = openingBytes(ADDRESSES, utf8("hello"));

type Dialled = Awaited<ReturnType<MeetingSession["dial"]>>;

function session(parked: Duplex[], dialled: Dialled): MeetingSession & { dials: number } {
  return {
    dials: 0,
    takeParked: () => parked.shift(),
    dial() {
      this.dials++;
      return Promise.resolve(dialled);
    },
  };
}

function meetWith(...sessions: (MeetingSession | undefined)[]): ReturnType<typeof meet> {
  return meet({
    source: ADDRESSES.source,
    opening: OPENING,
    find: () => Promise.resolve(sessions.shift()),
    signal: new AbortController().signal,
  });
}

Deno.test("meet() takes a parked connection without asking the client", async () => {
  const [near, far] = pipe();
  const one = session([near], { state: "timeout" });
  const met = await meetWith(one);
  assert.deepEqual(met, { state: "joined", conn: near, how: "parked" });
  assert.equal(one.dials, 0);
  near.close();
  assert.deepEqual(await readAll(far), OPENING);
});

Deno.test("meet() skips parked connections that died, then asks", async () => {
  const dead = [pipe()[0], pipe()[0]];
  dead.forEach((conn) => conn.close());
  const [near, far] = pipe();
  const met = await meetWith(session([...dead], { state: "joined", conn: near }));
  assert.ok(met.state === "joined" && met.how === "dialled" && met.dialMs >= 0);
  assert.equal(met.conn, near);
  near.close();
  assert.deepEqual(await readAll(far), OPENING);
});

Deno.test("meet() tells why a client did not come", async () => {
  assert.deepEqual(await meetWith(undefined), { state: "offline" });
  for (const why of ["refused", "timeout"] as const) {
    assert.deepEqual(await meetWith(session([], { state: why })), { state: "not-responding", why });
  }
  const lost = pipe()[0];
  lost.close();
  assert.deepEqual(await meetWith(session([], { state: "joined", conn: lost })), {
    state: "not-responding",
    why: "lost",
  });
});

Deno.test("meet() goes on with the next session when one ends meanwhile, but not for ever", async () => {
  const [near] = pipe();
  const ended = session([], { state: "ended" });
  assert.equal((await meetWith(ended, session([near], { state: "timeout" }))).state, "joined");
  assert.equal((await meetWith(ended, undefined)).state, "offline");
  assert.equal((await meetWith(ended, ended, ended, ended, ended)).state, "offline");
});

Deno.test("meet() spends nothing on a visitor who is gone", async () => {
  for (const when of ["while finding", "while dialling"]) {
    const gone = new AbortController();
    const [near] = pipe();
    const one: MeetingSession = {
      takeParked: () => undefined,
      dial() {
        gone.abort();
        return Promise.resolve({ state: "ended" });
      },
    };
    const next = session([near], { state: "timeout" });
    const sessions = when === "while finding" ? [next] : [one, next];
    const met = await meet({
      source: ADDRESSES.source,
      opening: OPENING,
      find() {
        if (when === "while finding") gone.abort();
        return Promise.resolve(sessions.shift());
      },
      signal: gone.signal,
    });
    assert.deepEqual(met, { state: "left" });
    assert.equal(next.takeParked(), near, "the parked connection is still there");
  }
});

Deno.test("meet() gives a client up that takes nothing of the opening, parked or asked for", async () => {
  for (const where of ["parked", "asked for"]) {
    const clock = new ManualClock();
    const over = Promise.withResolvers<number>();
    const stuck = {
      ...pipe()[0],
      write: () => over.promise,
      close: () => over.reject(new Error("closed")),
    };
    const next = pipe()[0];
    const parked = where === "parked" ? [stuck, next] : [];
    const meeting = meet({
      source: ADDRESSES.source,
      opening: OPENING,
      find: () => Promise.resolve(session(parked, { state: "joined", conn: stuck })),
      signal: new AbortController().signal,
      schedule: clock.schedule,
    });
    await new Promise((resolve) => setTimeout(resolve));
    clock.advance(OPENING_MS);
    assert.deepEqual(await meeting, { state: "not-responding", why: "stuck" });
    // No visitor is to wait for one after another.
    assert.deepEqual(parked, where === "parked" ? [next] : []);
    assert.equal(clock.waiting, 0);
  }
});
