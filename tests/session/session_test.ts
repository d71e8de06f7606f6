import assert from "node:assert/strict";
import { PARK_TICKET_MS, PARKED_MS, REFILL_DELAY_MS } from "../../lib/session/parked_pool.ts";
import { CONNECT_TICKET_MS, Session } from "../../lib/session/session.ts";
import { type Redeem, Tickets } from "../../lib/session/tickets.ts";
import type { RelayMessage } from "../../lib/wire/messages.ts";
import { ManualClock } from "../manual_clock.ts";
import { pipe, readAll } from "../net/pipe.ts";

const VISITOR = { address: "192.0.2.1", port: 1234 };

function setUp() {
  const clock = new ManualClock();
  const tickets = new Tickets<Redeem>(clock.schedule);
  const sent: RelayMessage[] = [];
  const heard = { at: 0 };
  const session = new Session({
    username: "kaylee",
    tickets,
    send: (message) => sent.push(message),
    lastHeardAt: () => heard.at,
    schedule: clock.schedule,
  });
  const granted = () => sent.flatMap((m) => m.type === "tickets" ? m.tickets : []);
  return { clock, tickets, sent, heard, session, granted };
}

Deno.test("Session.setPool() grants tickets for what is missing, and refills on check-out", () => {
  const { clock, tickets, session, granted } = setUp();
  session.setPool(3);
  assert.equal(granted().length, 3);
  for (const ticket of granted()) tickets.take(ticket)!(pipe()[0]);
  assert.equal(session.parked, 3);
  assert.equal(granted().length, 3);

  assert.ok(session.takeParked());
  assert.equal(session.parked, 2);
  clock.advance(REFILL_DELAY_MS);
  assert.equal(granted().length, 4);
});

Deno.test("Session.takeParked() refills for many visitors by one message, at once when few are left", () => {
  const { clock, tickets, sent, session, granted } = setUp();
  session.setPool(8);
  for (const ticket of granted()) tickets.take(ticket)!(pipe()[0]);
  for (let i = 0; i < 4; i++) session.takeParked();
  assert.equal(sent.length, 1);
  clock.advance(REFILL_DELAY_MS);
  assert.deepEqual([sent.length, granted().length], [2, 12]);

  for (const ticket of granted().slice(8)) tickets.take(ticket)!(pipe()[0]);
  for (let i = 0; i < 5; i++) session.takeParked();
  assert.deepEqual([sent.length, granted().length], [3, 17], "fewer than half are left");
  session.end();
  assert.equal(clock.waiting, 0);
});

Deno.test("Session.passOn() tells the client once of what another relay sent twice", () => {
  const { clock, tickets, sent, session } = setUp();
  session.setPool(4);
  sent.length = 0;
  const refused: string[] = [];
  const where = { dataHost: "data.other.test", dataPort: 443 };
  const on = { onShown: () => {}, onRefused: (ticket: string) => refused.push(ticket) };
  const connect = { type: "connect", ticket: "one", visitor: VISITOR, expiresInMs: 1_000 } as const;
  for (const names of [["two", "three"], ["two", "three"], ["three", "four"]]) {
    session.passOn({ ...connect, ...where }, on);
    session.passOn({ type: "tickets", tickets: names, ...where }, on);
  }
  assert.deepEqual(
    sent.map((message) => message.type === "tickets" ? message.tickets : message.type),
    [
      ...["connect", ["two", "three"], ["four"]],
    ],
  );
  session.refuse("one");
  assert.deepEqual(refused, ["one"]);
  session.end();
  clock.advance(PARK_TICKET_MS);
  assert.deepEqual([tickets.size, clock.waiting], [0, 0]);
});

Deno.test("Session.setPool() closes what is parked above a smaller size", () => {
  const { tickets, session, granted } = setUp();
  session.setPool(2);
  const ends = granted().map((ticket) => {
    const [near, far] = pipe();
    tickets.take(ticket)!(near);
    return far;
  });
  session.setPool(1);
  assert.equal(session.parked, 1);
  return readAll(ends[0]!).then((bytes) => assert.equal(bytes.length, 0));
});

Deno.test("Session grants again when a ticket was never shown or a parked connection aged", () => {
  const { clock, tickets, session, granted } = setUp();
  session.setPool(1);
  const [first] = granted();
  clock.advance(PARK_TICKET_MS);
  assert.equal(granted().length, 2);
  assert.equal(tickets.take(first!), undefined);

  tickets.take(granted()[1]!)!(pipe()[0]);
  clock.advance(PARKED_MS - 1);
  assert.equal(session.parked, 1);
  clock.advance(1);
  assert.equal(session.parked, 0);
  assert.equal(granted().length, 3);
});

Deno.test("Session drops a parked connection that the client ended, and grants another", async () => {
  const { tickets, session, granted } = setUp();
  session.setPool(1);
  const [near, far] = pipe();
  tickets.take(granted()[0]!)!(near);
  await far.closeWrite();
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(session.parked, 0);
  assert.equal(session.takeParked(), undefined);
  assert.equal(granted().length, 2);
});

Deno.test("Session.distrust() closes what was parked before a connection that is dead", () => {
  const { clock, tickets, session, granted } = setUp();
  session.setPool(3);
  const ends = granted().map((ticket) => {
    const [near, far] = pipe();
    tickets.take(ticket)!(near);
    return far;
  });
  const dead = session.takeParked()!;
  clock.advance(REFILL_DELAY_MS);
  const [younger] = granted().slice(3);
  tickets.take(younger!)!(pipe()[0]);
  assert.equal(session.parked, 3);
  session.distrust(pipe()[0]);
  assert.equal(session.parked, 3);
  session.distrust(dead);
  // The one that came after it stays.
  assert.equal(session.parked, 1);
  assert.equal(ends.length, 3);
  session.end();
});

Deno.test("Session.noteAnswer() tells a client that tells of its data path when visitors get nothing of it, and when they do again", () => {
  const { sent, heard, session } = setUp();
  for (const answered of [false, false, true]) session.noteAnswer(answered, 0);
  assert.deepEqual(sent, [], "one that may not know the message");
  session.dataPath = "works";
  const said = (...answers: boolean[]): unknown[] => {
    sent.length = 0;
    for (const answered of answers) session.noteAnswer(answered, 100);
    return sent.map((message: RelayMessage) => message.type === "visitors" && message.answered);
  };
  heard.at = 99;
  assert.deepEqual(
    said(false, false, false),
    [],
    "nothing else of the client came since they did",
  );
  heard.at = 100;
  assert.deepEqual(said(true, false, true, false, true), []);
  assert.deepEqual(said(false, false, false), [false]);
  assert.deepEqual(said(true, true), [true]);
});

Deno.test("Session.dial() joins the connection that shows its ticket, once", async () => {
  const { clock, tickets, session, sent } = setUp();
  const dialled = session.dial(VISITOR);
  const [message] = sent;
  assert.ok(message?.type === "connect");
  assert.deepEqual(message.visitor, VISITOR);
  assert.equal(message.expiresInMs, 10_000);
  const [near] = pipe();
  tickets.take(message.ticket)!(near);
  assert.deepEqual(await dialled, { state: "joined", conn: near });
  assert.equal(tickets.take(message.ticket), undefined);
  assert.equal(clock.waiting, 0);
});

Deno.test("Session.dial() ends by refusal, time, session end and the visitor's leaving", async () => {
  const ways: [string, (s: ReturnType<typeof setUp>, gone: AbortController) => void][] = [
    [
      "refused",
      ({ session, sent }) => session.refuse(sent[0]!.type === "connect" ? sent[0]!.ticket : ""),
    ],
    ["timeout", ({ clock }) => clock.advance(CONNECT_TICKET_MS)],
    ["ended", ({ session }) => session.end()],
    ["ended", (_, gone) => gone.abort()],
  ];
  for (const [state, act] of ways) {
    const world = setUp();
    const gone = new AbortController();
    const dialled = world.session.dial(VISITOR, gone.signal);
    act(world, gone);
    assert.equal((await dialled).state, state);
    assert.equal(world.tickets.size, 0, `${state}: the ticket is void`);
  }
});

Deno.test("Session.refuse() ignores a ticket that is not waiting", async () => {
  const { session, sent } = setUp();
  const dialled = session.dial(VISITOR);
  session.refuse("AAAAAAAAAAAAAAAAAAAAAA");
  const message = sent[0];
  session.refuse(message?.type === "connect" ? message.ticket : "");
  assert.equal((await dialled).state, "refused");
});

Deno.test("Session.end() voids granted tickets and closes parked connections", async () => {
  const { clock, tickets, session, granted } = setUp();
  session.setPool(2);
  const [near, far] = pipe();
  tickets.take(granted()[0]!)!(near);
  session.end();
  assert.equal((await readAll(far)).length, 0);
  assert.equal(tickets.size, 0);
  assert.equal(clock.waiting, 0);
  assert.equal(granted().length, 2, "nothing is granted any more");
  assert.equal((await session.dial(VISITOR)).state, "ended");
});
