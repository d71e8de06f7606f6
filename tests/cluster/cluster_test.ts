import assert from "node:assert/strict";
import { DEAD_MS } from "../../lib/cluster/engine.ts";
import { BEAT_MS } from "../../lib/cluster/heart.ts";
import { SETTLE_MS } from "../../lib/cluster/cluster.ts";
import { AGAIN_MS, FAILURES } from "../../lib/cluster/peer_line.ts";
import { WARM_DELAY_MS, WARM_MS, WARM_POOL } from "../../lib/cluster/remote_sessions.ts";
import { RECENT_MS } from "../../lib/session/coming_back.ts";
import { CONNECT_TICKET_MS } from "../../lib/session/session.ts";
import { pipe } from "../net/pipe.ts";
import { relaysOf, settled, visit, VISITOR } from "./relays.ts";

Deno.test("Cluster has a client at another relay bring its connection to where the visitor is", async () => {
  const { start, pass } = relaysOf();
  const [a, b] = [await start("a"), await start("b")];
  const { session, told } = b.online("kaylee");
  session.setPool(8);
  told.length = 0;
  await settled();
  assert.deepEqual([a.cluster.has("kaylee"), b.cluster.has("kaylee")], [true, false]);

  const first = visit(a, "kaylee");
  await settled();
  const [connect] = told;
  assert.ok(connect?.type === "connect");
  assert.deepEqual([connect.dataHost, connect.dataPort], ["a.example", 9000]);
  assert.deepEqual(connect.visitor, VISITOR);
  a.tickets.take(connect.ticket)!(pipe()[0]);
  const met = await first;
  assert.equal(met.state === "joined" && met.how, "dialled");

  await pass(WARM_DELAY_MS);
  const tickets = told[1];
  assert.ok(tickets?.type === "tickets" && tickets.dataHost === "a.example");
  assert.equal(tickets.tickets.length, WARM_POOL);
  for (const ticket of tickets.tickets) a.tickets.take(ticket)!(pipe()[0]);
  const second = await visit(a, "kaylee");
  assert.equal(second.state === "joined" && second.how, "parked", "no round trip");

  await pass(WARM_MS + 1);
  assert.equal(a.cluster.reach("kaylee")!.parked, 0, "nobody came any more");
});

Deno.test("Cluster asks no client to bring a connection before it can", async () => {
  const { start, pass } = relaysOf();
  const { promise: reachable, resolve: open } = Promise.withResolvers<void>();
  const [a, b] = [await start("a", "a-boot", { reachable }), await start("b")];
  const { session, told } = b.online("kaylee");
  session.setPool(8);
  told.length = 0;
  await settled();
  const gone = new AbortController();
  visit(a, "kaylee", gone.signal);
  const visiting = visit(a, "kaylee");
  await settled();
  await pass(WARM_DELAY_MS + AGAIN_MS);
  assert.equal(told.length, 0);
  gone.abort();
  open();
  await settled();
  const connects = told.filter((message) => message.type === "connect");
  assert.deepEqual([connects.length, told.length], [1, 2], "for who is still there, and tickets");
  const connect = connects[0]!;
  assert.equal(connect.expiresInMs, CONNECT_TICKET_MS - WARM_DELAY_MS - AGAIN_MS);
  a.tickets.take(connect.ticket)!(pipe()[0]);
  assert.equal((await visiting).state, "joined");
});

Deno.test("Cluster passes no more tickets on than the client wants to keep parked", async () => {
  const { start, pass } = relaysOf();
  const [a, b] = [await start("a"), await start("b")];
  const { told } = b.online("kaylee");
  await settled();
  visit(a, "kaylee");
  await pass(WARM_DELAY_MS);
  assert.deepEqual(told.map(({ type }) => type), ["connect"]);
});

Deno.test("Cluster tells the visitor's relay at once that the client refuses", async () => {
  const { start } = relaysOf();
  const [a, b] = [await start("a"), await start("b")];
  const { session, told } = b.online("kaylee");
  await settled();
  const visiting = visit(a, "kaylee");
  await settled();
  assert.ok(told[0]?.type === "connect");
  session.refuse(told[0].ticket);
  assert.deepEqual(await visiting, { state: "not-responding", why: "refused" });
  assert.equal(b.tickets.size, 0, "nothing is kept of it");
});

Deno.test("Cluster takes a connection on whose client overlooks where its ticket is to be shown", async () => {
  const { start } = relaysOf();
  const [a, b] = [await start("a"), await start("b")];
  const { told } = b.online("kaylee");
  await settled();
  visit(a, "kaylee");
  await settled();
  assert.ok(told[0]?.type === "connect");
  const [conn] = pipe();
  b.tickets.take(told[0].ticket)!(conn);
  assert.deepEqual(b.strays, [{ conn, ticket: told[0].ticket }]);
});

Deno.test("Cluster ends the older of a user's sessions, wherever it is", async () => {
  const { start, pass } = relaysOf();
  const [a, b] = [await start("a"), await start("b")];
  a.online("kaylee");
  await pass(1_000);
  b.online("kaylee");
  await settled();
  assert.deepEqual(a.outdated, [], "not before it is sure that the newer one lasts");
  await pass(SETTLE_MS);
  assert.deepEqual([a.outdated, b.outdated], [["kaylee"], []]);
  assert.equal(
    a.sessions.reach("kaylee"),
    a.cluster.reach("kaylee"),
    "visitors meet the newer one",
  );
});

Deno.test("Cluster keeps a session whose rival was announced late and is over", async () => {
  const { start, pass } = relaysOf();
  const [a, b] = [await start("a"), await start("b")];
  a.online("kaylee");
  await pass(1_000);
  const { session } = b.online("kaylee");
  await settled();
  b.sessions.remove(session, true);
  await settled();
  await pass(SETTLE_MS * 2);
  assert.deepEqual(a.outdated, []);
  assert.ok(b.cluster.has("kaylee"), "and announces it again");
});

Deno.test("Cluster has visitors wait for who left another relay, until they come to a third", async () => {
  const { start, pass } = relaysOf();
  const [a, b, c] = [await start("a"), await start("b"), await start("c")];
  const { session } = b.online("kaylee");
  await settled();
  b.sessions.remove(session, true);
  await settled();
  assert.ok(a.sessions.comingBack.has("kaylee"));
  const visiting = visit(a, "kaylee");
  const { told } = c.online("kaylee");
  await settled();
  assert.ok(told[0]?.type === "connect");
  a.tickets.take(told[0].ticket)!(pipe()[0]);
  assert.equal((await visiting).state, "joined");
  await pass(RECENT_MS);

  c.sessions.remove(c.sessions.get("kaylee")!, false);
  await settled();
  assert.deepEqual(await visit(a, "kaylee"), { state: "offline" }, "revoked: nobody is awaited");
});

Deno.test("Cluster finds a relay dead after a while, and one that was stopped learns that it lost", async () => {
  const { start, pass, db } = relaysOf();
  const [a, b] = [await start("a"), await start("b")];
  b.online("kaylee");
  b.online("river");
  await pass(DEAD_MS);
  // As a process that is stopped: nothing goes out, nothing comes in.
  b.engine.away = true;
  await pass(DEAD_MS - 1_000);
  assert.ok(a.cluster.has("kaylee"));
  await pass(5_000);
  assert.deepEqual([a.cluster.elsewhere, db.relays.get("b")!.alive], [0, false]);

  a.online("kaylee");
  await settled();
  b.engine.away = false;
  await pass(5_000);
  assert.deepEqual(b.outdated, ["kaylee"], "a newer session is elsewhere");
  assert.deepEqual([a.cluster.has("kaylee"), a.cluster.has("river")], [false, true]);
  assert.equal(b.cluster.has("kaylee"), true);
});

Deno.test("Cluster keeps all as it was while the engine is away, and judges nobody by that", async () => {
  const { start, pass } = relaysOf();
  const [a, b] = [await start("a"), await start("b")];
  b.online("kaylee");
  await pass(DEAD_MS);
  for (const { engine } of [a, b]) engine.away = true;
  await pass(DEAD_MS * 3);
  assert.ok(a.cluster.has("kaylee"));
  assert.match(a.cluster.fault!, /database .* cannot be reached/);
  const visiting = visit(a, "kaylee");
  await settled();
  for (let i = 1; i < FAILURES; i++) await pass(AGAIN_MS * 2 ** (i - 1));
  assert.deepEqual(await visiting, { state: "not-responding", why: "refused" });
  b.online("river");
  b.sessions.remove(b.sessions.get("kaylee")!, true);

  a.engine.away = false;
  await pass(5_000);
  assert.ok(a.cluster.has("kaylee"), "b could not tell yet");
  b.engine.away = false;
  await pass(5_000);
  assert.deepEqual([a.cluster.has("kaylee"), a.cluster.has("river")], [false, true]);
  assert.equal(a.cluster.fault, undefined);
});

Deno.test("Cluster.announced() holds up nobody while the engine is away, though it is silent", async () => {
  const { start } = relaysOf();
  const a = await start("a");
  const silent = Promise.withResolvers<never>();
  a.engine.announce = () => silent.promise;
  let told = 0;
  a.online("kaylee");
  a.cluster.announced("kaylee").then(() => told++);
  await settled();
  assert.equal(told, 0, "while it may be told");
  a.engine.away = true;
  a.online("simon");
  a.cluster.announced("simon").then(() => told++);
  await settled();
  assert.equal(told, 1);
});

Deno.test("Cluster reads everything again of an engine that lost changes", async () => {
  const { start, pass, db } = relaysOf();
  const [a, b] = [await start("a"), await start("b")];
  b.online("kaylee");
  b.online("river");
  await pass(1_000);
  db.number = 0;
  db.presence.clear();
  db.wake();
  await pass(2_000);
  assert.deepEqual([a.cluster.has("kaylee"), a.cluster.has("river")], [true, true]);
  assert.deepEqual(b.outdated, []);
});

Deno.test("Cluster tells the others what one did, also those that were away", async () => {
  const { start, pass } = relaysOf();
  const [a, b] = [await start("a"), await start("b")];
  a.cluster.tell("cut-off", "kaylee");
  await settled();
  assert.deepEqual([a.notices, b.notices], [[], ["cut-off kaylee"]]);
  b.engine.away = true;
  a.cluster.tell("reload");
  await settled();
  b.engine.away = false;
  await pass(1_000);
  assert.deepEqual(b.notices, ["cut-off kaylee", "reload all"]);
});

Deno.test("Cluster takes part again once the other process that had its id is gone, or dead", async () => {
  const { start, pass } = relaysOf();
  const [a, first] = [await start("a"), await start("b", "one")];
  first.online("kaylee");
  await settled();
  for (const end of ["leaves", "dies"]) {
    const second = await start("b", `two ${end}`);
    second.online("river");
    await pass(DEAD_MS * 2);
    assert.match(first.cluster.fault!, /GLOSSOND_RELAY_ID/, "while that lives");
    assert.deepEqual([a.cluster.has("kaylee"), a.cluster.has("river")], [false, true]);
    if (end === "leaves") await second.cluster.stop();
    else second.engine.away = true;
    await pass(DEAD_MS + 2 * BEAT_MS + 1_000);
    assert.equal(first.cluster.fault, undefined);
    assert.deepEqual([a.cluster.has("kaylee"), a.cluster.has("river")], [true, false], end);
  }
});

Deno.test("Cluster stops where another process has its id", async () => {
  const { start, pass } = relaysOf();
  const [a, former] = [await start("a"), await start("b", "one")];
  former.online("kaylee");
  await settled();
  const successor = await start("b", "two");
  await settled();
  assert.equal(a.cluster.has("kaylee"), false);
  successor.online("kaylee");
  await pass(5_000);
  assert.match(former.cluster.fault!, /GLOSSOND_RELAY_ID/);
  former.cluster.expectSuccessor();
  assert.equal(former.cluster.fault, undefined, "on purpose");
  assert.equal(successor.cluster.fault, undefined);
  await former.cluster.stop();
  await settled();
  assert.ok(a.cluster.has("kaylee"), "it takes nothing of its successor's along");
  await successor.cluster.stop();
  await settled();
  assert.equal(a.cluster.elsewhere, 0);
});

Deno.test("Cluster that has a successor ends nobody for what that one tells of them", async () => {
  const { start, pass } = relaysOf();
  const [a, former] = [await start("a"), await start("b")];
  former.online("kaylee");
  former.online("river");
  await settled();
  const successor = await start("b", "two", { predecessor: former });
  await pass(DEAD_MS);
  assert.deepEqual([a.cluster.has("kaylee"), a.cluster.has("river")], [true, true]);
  // As one that stalls: the other takes it for dead, and it tells again who is there.
  successor.engine.away = true;
  await pass(DEAD_MS * 2);
  assert.equal(a.cluster.elsewhere, 0);
  successor.engine.away = false;
  await pass(5_000);
  assert.equal(a.cluster.elsewhere, 2);
  assert.deepEqual(former.outdated, []);

  a.online("kaylee");
  await settled();
  await pass(SETTLE_MS);
  assert.deepEqual(former.outdated, ["kaylee"], "a newer one is elsewhere");
  assert.equal(former.sessions.get("river") !== undefined, true);
});
