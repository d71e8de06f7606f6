import assert from "node:assert/strict";
import { DEAD_MS } from "../../lib/cluster/engine.ts";
import { BEAT_MS } from "../../lib/cluster/heart.ts";
import { AGAIN_MS } from "../../lib/cluster/peer_line.ts";
import { CONNECT_TICKET_MS } from "../../lib/session/session.ts";
import { pipe } from "../net/pipe.ts";
import { relaysOf, settled, visit } from "./relays.ts";

Deno.test("Cluster tells who left though the answer to their arrival was lost", async () => {
  const { start, pass } = relaysOf();
  const [a, b] = [await start("a"), await start("b")];
  b.engine.losesAnswers = true;
  const { session } = b.online("kaylee");
  await settled();
  assert.ok(a.cluster.has("kaylee"));
  b.sessions.remove(session, true);
  b.engine.losesAnswers = false;
  await pass(2_000);
  assert.equal(a.cluster.has("kaylee"), false);
});

Deno.test("Cluster tells who left in the place of another session that was not announced yet", async () => {
  const { start, pass } = relaysOf();
  const [a, b] = [await start("a"), await start("b")];
  b.online("kaylee");
  await settled();
  b.engine.away = true;
  const { session } = b.online("kaylee");
  await settled();
  b.sessions.remove(session, true);
  b.engine.away = false;
  await pass(2_000);
  assert.equal(a.cluster.has("kaylee"), false);
});

Deno.test("Cluster tells again who left, of an engine that lost it", async () => {
  const { start, pass, db } = relaysOf();
  const [a, b] = [await start("a"), await start("b")];
  const { session } = b.online("kaylee");
  await settled();
  const [row, number] = [{ ...db.presence.get("kaylee")! }, db.number];
  b.sessions.remove(session, true);
  await settled();
  assert.equal(a.cluster.has("kaylee"), false);
  db.presence.set("kaylee", row);
  db.number = number;
  db.wake();
  await pass(2_000);
  assert.equal(a.cluster.has("kaylee"), false);
  assert.equal(db.presence.get("kaylee")!.state, "left");
});

Deno.test("Cluster that hears nothing says so, judges nobody, and looks at each beat", async () => {
  const { start, pass, db } = relaysOf();
  const [a, b, c] = [await start("a"), await start("b"), await start("c")];
  await pass(DEAD_MS);
  a.engine.deaf = true;
  assert.match(a.cluster.fault!, /no connection .* to listen by/);
  b.online("kaylee");
  await settled();
  assert.equal(a.cluster.has("kaylee"), false);
  await pass(BEAT_MS);
  assert.ok(a.cluster.has("kaylee"));
  a.engine.deaf = false;
  await settled();
  assert.equal(a.cluster.fault, undefined);
  assert.deepEqual([b.cluster.fault, c.cluster.fault, db.relays.size], [undefined, undefined, 3]);
});

Deno.test("Cluster compares all after it was deaf: what was lost may be beyond what it knows", async () => {
  const { start, pass, db } = relaysOf();
  const [a, b] = [await start("a"), await start("b")];
  b.online("kaylee");
  await settled();
  // As after a crash of the database, and others' changes after it.
  for (const { engine } of [a, b]) engine.deaf = true;
  db.presence.delete("kaylee");
  db.number += 10;
  for (const { engine } of [a, b]) engine.deaf = false;
  await pass(BEAT_MS);
  assert.ok(a.cluster.has("kaylee"), "b told again");
  assert.equal(db.presence.get("kaylee")?.state, "online");
});

Deno.test("Cluster that was deaf tells again only who is here and is not known to be", async () => {
  const { start, pass, db } = relaysOf();
  const [a, b] = [await start("a"), await start("b")];
  for (const name of ["kaylee", "river", "simon"]) b.online(name);
  await settled();
  const told: string[][] = [];
  const announce = b.engine.announce.bind(b.engine);
  b.engine.announce = (arrivals, departures) => {
    told.push(arrivals.map(({ username }) => username));
    return announce(arrivals, departures);
  };
  b.engine.deaf = true;
  b.engine.deaf = false;
  await pass(BEAT_MS);
  assert.deepEqual(told, [], "all stand as they are");

  b.engine.deaf = true;
  db.presence.delete("kaylee");
  Object.assign(db.presence.get("river")!, { epoch: -1 });
  db.number += 10;
  b.engine.deaf = false;
  await pass(BEAT_MS);
  assert.deepEqual(told, [["kaylee", "river"]]);
  assert.ok(a.cluster.has("kaylee"));
});

Deno.test("Cluster acts on what is told under a number that it knew before the engine was set back", async () => {
  const { start, pass, db } = relaysOf();
  const [a, b] = [await start("a"), await start("b")];
  b.online("kaylee");
  await settled();
  const number = db.number;
  for (let i = 0; i < 5; i++) a.cluster.tell("limits", "kaylee");
  await settled();
  // As a standby that lagged is promoted, and one of the relays finds it before the other does.
  for (const { engine } of [a, b]) engine.deaf = true;
  db.notices.length = 0;
  db.number = number;
  a.engine.deaf = false;
  a.cluster.tell("cut-off", "kaylee");
  await settled();
  assert.ok(db.notices.at(-1)!.number <= number + 5, "a number that b has seen");
  db.number += 10;
  b.engine.deaf = false;
  await pass(BEAT_MS);
  assert.ok(b.notices.includes("cut-off kaylee"), b.notices.join());
});

Deno.test("Cluster asks a client again whose relay heard nothing when a visitor came, once", async () => {
  const { start, pass } = relaysOf();
  const [a, b] = [await start("a"), await start("b")];
  const { told } = b.online("kaylee");
  await settled();
  b.engine.deaf = true;
  const visiting = visit(a, "kaylee");
  await settled();
  b.engine.deaf = false;
  assert.equal(told.length, 0);
  await pass(AGAIN_MS);
  const [connect] = told;
  assert.ok(connect?.type === "connect");
  assert.equal(connect.expiresInMs, CONNECT_TICKET_MS - AGAIN_MS);
  await pass(AGAIN_MS * 2);
  assert.equal(told.length, 1, "it was heard");
  a.tickets.take(connect.ticket)!(pipe()[0]);
  assert.equal((await visiting).state, "joined");
});

Deno.test("Cluster asks no client again whose visitor is gone, and one whose refusal was lost", async () => {
  const { start, pass } = relaysOf();
  const [a, b] = [await start("a"), await start("b")];
  const { session, told } = b.online("kaylee");
  await settled();
  const gone = new AbortController();
  visit(a, "kaylee", gone.signal);
  await settled();
  gone.abort();
  await pass(AGAIN_MS);
  assert.equal(told.length, 1);
  const visiting = visit(a, "kaylee");
  await settled();
  a.engine.deaf = true;
  for (const message of told) if (message.type === "connect") session.refuse(message.ticket);
  await settled();
  a.engine.deaf = false;
  await pass(AGAIN_MS);
  assert.equal(told.length, 3);
  session.refuse(told[2]!.type === "connect" ? told[2]!.ticket : "");
  assert.deepEqual(await visiting, { state: "not-responding", why: "refused" });
});

Deno.test("Cluster asks a client again where the engine was away for a moment", async () => {
  const { start, pass } = relaysOf();
  const [a, b] = [await start("a"), await start("b")];
  const { told } = b.online("kaylee");
  await settled();
  const send = a.engine.send.bind(a.engine);
  a.engine.send = () => Promise.reject(new Error("the connection was lost"));
  const visiting = visit(a, "kaylee");
  await settled();
  // As long as PostgreSQL takes to restart.
  await pass(3 * AGAIN_MS);
  a.engine.send = send;
  await pass(4 * AGAIN_MS);
  assert.ok(told[0]?.type === "connect");
  a.tickets.take(told[0].ticket)!(pipe()[0]);
  assert.equal((await visiting).state, "joined");
});

Deno.test("Cluster asks the engine one thing at a time, however many visitors come", async () => {
  const { start } = relaysOf();
  const [a, b] = [await start("a"), await start("b")];
  const { told } = b.online("kaylee");
  await settled();
  const sent: number[] = [];
  const send = a.engine.send.bind(a.engine);
  const answer = Promise.withResolvers<void>();
  a.engine.send = async (letters) => {
    sent.push(letters.length);
    await answer.promise;
    await send(letters);
  };
  for (let i = 0; i < 500; i++) visit(a, "kaylee");
  await settled();
  for (let i = 0; i < 500; i++) visit(a, "kaylee");
  await settled();
  assert.deepEqual(sent.length, 1);
  answer.resolve();
  await settled();
  assert.deepEqual(sent, [sent[0], 1_000 - sent[0]!]);
  assert.equal(told.filter(({ type }) => type === "connect").length, 1_000);
});
