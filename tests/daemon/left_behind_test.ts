import assert from "node:assert/strict";
import { LeftBehind } from "../../lib/daemon/left_behind.ts";
import { Successor } from "../../lib/daemon/successor.ts";
import { JsonLine } from "../../lib/net/json_line.ts";
import { writeAll } from "../../lib/net/splice.ts";
import type { PredecessorWord, SuccessorWord } from "../../lib/admin/hand_over.ts";
import { RECENT_MS } from "../../lib/session/coming_back.ts";
import type { Dialled, PassedOn } from "../../lib/session/session.ts";
import { Session } from "../../lib/session/session.ts";
import { Sessions } from "../../lib/session/sessions.ts";
import { type Redeem, Tickets } from "../../lib/session/tickets.ts";
import type { RelayMessage } from "../../lib/wire/messages.ts";
import { until } from "../certificate/helpers.ts";
import { ManualClock } from "../manual_clock.ts";
import { pipe } from "../net/pipe.ts";

const VISITOR = { address: "192.0.2.1", port: 1234 };
const DATA = { dataHost: "data.test", dataPort: 9000 };

/** Two ends of a connection. */
async function connected(): Promise<[Deno.Conn, Deno.Conn]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return await Promise.all([
    listener.accept(),
    Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
  ]);
}

/** A relay at which kaylee and river are online, its successor, and the line between them. */
async function setUp() {
  const stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "glossond-test-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  let doors = 0;
  const [near, far] = await connected();
  const told: RelayMessage[] = [];
  const replaced: string[] = [];
  const next: { successor?: Successor } = {};
  const rechecked: string[] = [];
  const dropped: string[] = [];
  const clock = new ManualClock();
  const old = new Sessions({
    now: clock.now,
    onChange: (...change) => next.successor?.note(...change),
  });
  const oldTickets = new Tickets<Redeem>();
  for (const username of ["kaylee", "river"]) {
    const send = (message: RelayMessage) => void told.push(message);
    old.add(new Session({ username, send, tickets: oldTickets }));
  }
  const control = {
    replace: (username: string) => void replaced.push(username),
    recheck: (username: string) => Promise.resolve(void rechecked.push(username)),
  };
  const hub = { dropVisitors: (username: string) => void dropped.push(username) };
  const line = new JsonLine<PredecessorWord, SuccessorWord<PassedOn>>(near);
  const successor = new Successor({
    sessions: old,
    control,
    hub,
    line,
    reload: () => assert.fail("nobody has read the settings again"),
    door: () => `${folder}/${doors++}`,
  });
  next.successor = successor;
  stack.defer(() => successor.close());

  const tickets = new Tickets<Redeem>();
  const sessions: Sessions = new Sessions({
    elsewhere: (username) => behind.reach(username),
    onChange: (username, change) => change === "online" && behind.arrived(username),
  });
  const left: string[] = [];
  const there: string[] = [];
  const behind = new LeftBehind({
    ...{ sessions, tickets, data: DATA },
    onThere: (username) => there.push(username),
    onLeft: (...change) => left.push(change.join(" ")),
  });
  stack.defer(() => behind.stop());
  await behind.watch({ lines: () => Promise.resolve([new JsonLine(far)]) });
  return {
    ...{
      told,
      replaced,
      rechecked,
      dropped,
      clock,
      old,
      oldTickets,
      successor,
      sessions,
      behind,
      tickets,
      left,
      there,
    },
    /** The tickets of the visitors whom the client was told of. */
    connects: () => told.filter((message) => message.type === "connect"),
    dial: async (username: string): Promise<Dialled> =>
      await sessions.reach(username)!.dial(VISITOR),
    comeOver: () => sessions.add(new Session({ username: "kaylee", send() {}, tickets })),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

Deno.test("LeftBehind has visitors meet clients who are still at the relay before, once they can come here", async () => {
  await using world = await setUp();
  const { behind, told, connects, dial, tickets } = world;
  assert.deepEqual([...behind.usernames()], ["kaylee", "river"]);
  const dialled = dial("kaylee");
  const refused = dial("river");
  assert.deepEqual(told, []);
  behind.begin();
  await until(() => connects().length === 2, "both clients are told");
  const [toKaylee, toRiver] = connects();
  assert.deepEqual([toKaylee!.visitor, toKaylee!.dataHost, toKaylee!.dataPort], [
    ...[VISITOR, DATA.dataHost, DATA.dataPort],
  ]);
  const [conn] = pipe();
  tickets.take(toKaylee!.ticket)!(conn);
  assert.deepEqual(await dialled, { state: "joined", conn });
  world.old.get("river")!.refuse(toRiver!.ticket);
  assert.deepEqual(await refused, { state: "refused" });
});

Deno.test("LeftBehind passes on what another relay has a client told who is there, and what becomes of it", async () => {
  await using world = await setUp();
  const { behind, connects, old, tickets } = world;
  behind.begin();
  const elsewhere = { dataHost: "b.test", dataPort: 9001 };
  const shown: string[] = [];
  const refused: string[] = [];
  for (const ticket of ["one", "two"]) {
    behind.reach("kaylee")!.passOn(
      { type: "connect", ticket, visitor: VISITOR, expiresInMs: 10_000, ...elsewhere },
      {
        onShown: (_conn, ticket) => shown.push(ticket),
        onRefused: (ticket) => refused.push(ticket),
      },
    );
  }
  await until(() => connects().length === 2, "she is told");
  assert.deepEqual(connects().map(({ ticket, dataHost }) => [ticket, dataHost]), [
    ["one", elsewhere.dataHost],
    ["two", elsewhere.dataHost],
  ]);
  old.get("kaylee")!.refuse("one");
  await until(() => refused.length > 0, "the refusal is told");
  // Where a client overlooks where its ticket is to be shown.
  tickets.take("two")!(pipe()[0]);
  assert.deepEqual([refused, shown], [["one"], ["two"]]);
});

Deno.test("LeftBehind has visitors who say late for whom they came to the relay before meet them here", async () => {
  await using world = await setUp();
  const { behind, connects, tickets, successor, sessions } = world;
  const ask = (username: string, signal = new AbortController().signal) =>
    successor.reach(username).dial(VISITOR, signal);
  behind.begin();
  const dialled = ask("kaylee");
  await until(() => connects().length === 1, "she is told");
  assert.deepEqual(connects()[0]!.visitor, VISITOR);
  const [conn, client] = pipe();
  tickets.take(connects()[0]!.ticket)!(conn);
  const met = await dialled;
  assert.ok(met.state === "joined");
  await writeAll(met.conn, new TextEncoder().encode("hello"));
  const buffer = new Uint8Array(8);
  assert.equal(await client.read(buffer), 5);
  met.conn.close();
  assert.equal(await client.read(buffer), null);

  assert.deepEqual(await ask("nobody"), { state: "offline" });
  const refused = ask("river");
  await until(() => connects().length === 2, "river is told");
  world.old.get("river")!.refuse(connects()[1]!.ticket);
  assert.deepEqual(await refused, { state: "refused" });
  const gone = new AbortController();
  const left = ask("kaylee", gone.signal);
  await until(() => connects().length === 3, "she is told again");
  gone.abort();
  assert.deepEqual(await left, { state: "ended" });
  // Who comes nevertheless is for nobody.
  const [late, lateClient] = pipe();
  tickets.take(connects()[2]!.ticket)!(late);
  assert.equal(await lateClient.read(buffer), null);
  const waiting = ask("kaylee");
  await until(() => connects().length === 4, "she is told once more");
  successor.close();
  assert.deepEqual(await waiting, { state: "ended" });
  assert.equal(sessions.get("kaylee"), undefined);
});

Deno.test("LeftBehind has visitors wait for who was sent here, and the relay before know who has come", async () => {
  await using world = await setUp();
  const { old, sessions, behind, successor, dial, comeOver, replaced } = world;
  behind.begin();
  const dialled = dial("kaylee");
  const arrival = successor.arrival("kaylee");
  old.remove(old.get("kaylee")!, true);
  assert.deepEqual(await dialled, { state: "ended" });
  const found = sessions.find("kaylee");
  assert.equal(sessions.comingBack.isWaitedFor("kaylee"), true);
  comeOver();
  assert.equal(await found, sessions.get("kaylee"));
  await arrival;
  assert.deepEqual([behind.has("kaylee"), behind.has("river"), replaced], [false, true, [
    "kaylee",
  ]]);
  assert.deepEqual(world.left, ["kaylee left"]);
});

Deno.test("LeftBehind follows who comes to the relay before, and who leaves it for good", async () => {
  await using world = await setUp();
  const { old, sessions, behind } = world;
  old.add(new Session({ username: "zoe", send() {}, tickets: world.tickets }));
  await until(() => behind.has("zoe"), "she is known");
  old.remove(old.get("zoe")!, false);
  await until(() => !behind.has("zoe"), "her end is known");
  await until(() => !sessions.comingBack.has("zoe"), "that it is for good, too");
  // Whose token holds no more, though the relay before does not know until it is told.
  behind.forget("kaylee");
  assert.equal(sessions.reach("kaylee"), undefined);
  await until(() => world.dropped.length > 0, "it is told");
  assert.deepEqual([world.rechecked, world.dropped], [["kaylee"], ["kaylee"]]);
  assert.deepEqual(world.there, ["kaylee", "river", "zoe"]);
  assert.deepEqual(world.left, ["zoe left", "zoe gone", "kaylee gone"]);
});

Deno.test("LeftBehind awaits who came and left again, though the relay before has long awaited them", async () => {
  await using world = await setUp();
  const { old, sessions, clock, successor, comeOver, oldTickets } = world;
  const arrival = successor.arrival("kaylee");
  old.remove(old.get("kaylee")!, true);
  await until(() => sessions.comingBack.has("kaylee"), "she is awaited");
  comeOver();
  await arrival;
  sessions.remove(sessions.get("kaylee")!, true);
  clock.advance(RECENT_MS);
  old.comingBack.forgetOld();
  // Said after what it would say of her.
  old.add(new Session({ username: "zoe", send() {}, tickets: oldTickets }));
  await until(() => world.behind.has("zoe"), "all is heard");
  assert.equal(sessions.comingBack.has("kaylee"), true);
});

Deno.test("LeftBehind has a client asked anew that shows a ticket at the relay before", async () => {
  await using world = await setUp();
  const { behind, connects, dial, oldTickets } = world;
  behind.begin();
  const dialled = dial("kaylee");
  await until(() => connects().length === 1, "she is told");
  const [conn] = pipe();
  oldTickets.take(connects()[0]!.ticket)!(conn);
  assert.deepEqual(await dialled, { state: "ended" });
  assert.equal(behind.has("kaylee"), true);
});

Deno.test("LeftBehind awaits everybody once the relay before has ended, which waits for nobody's arrival then", async () => {
  await using world = await setUp();
  const { sessions, behind, successor } = world;
  const arrival = successor.arrival("kaylee");
  successor.close();
  await arrival;
  await until(() => !behind.has("river"), "the end is seen");
  assert.deepEqual(sessions.comingBack.usernames(), ["kaylee", "river"]);
  assert.deepEqual(world.left, ["kaylee left", "river left"]);
});

Deno.test("LeftBehind takes nobody for moved or gone but who was at the relay that says so", async () => {
  const left: string[] = [];
  const behind = new LeftBehind({
    ...{ sessions: new Sessions(), tickets: new Tickets<Redeem>(), data: DATA },
    onThere() {},
    onLeft: (...change) => left.push(change.join(" ")),
  });
  const pairs = await Promise.all([connected(), connected()]);
  const relays = pairs.map(([near]) =>
    new JsonLine<PredecessorWord, SuccessorWord<PassedOn>>(near)
  );
  const [first, second] = relays;
  first!.say({ type: "online", usernames: ["kaylee"] });
  second!.say({ type: "online", usernames: ["river"] });
  await behind.watch({ lines: () => Promise.resolve(pairs.map(([, far]) => new JsonLine(far))) });
  // Who was there before they came to the first.
  second!.say({ type: "left", username: "kaylee", comingBack: false });
  second!.say({ type: "moved" });
  await until(() => left.length > 0, "it is heard");
  assert.deepEqual([left, ...behind.usernames()], [["river left"], "kaylee"]);
  let isOver = false;
  const moved = behind.moved.then(() => isOver = true);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(isOver, false);
  first!.close();
  await moved;
  assert.deepEqual(left, ["river left", "kaylee left"]);
  behind.stop();
  second!.close();
});
