import assert from "node:assert/strict";
import { type Relay, startRelay } from "./relay.ts";
import { connectControl, readJoin, readToEnd, signUp } from "./user.ts";
import { helloFor, send } from "./hub_visitor.ts";
import { dataPreface } from "../../lib/wire/messages.ts";

/** A data connection that has sent nothing. */
function dial(relay: Relay): Promise<Deno.TcpConn> {
  return Deno.connect({ hostname: "127.0.0.1", port: relay.ports.data! });
}

/** Time for bytes to arrive by themselves. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function text(conn: Deno.TcpConn): Promise<string> {
  return new TextDecoder().decode(await readToEnd(conn));
}

Deno.test("the 33 bytes of a ticket count however they are cut", async () => {
  await using relay = await startRelay({ settings: { LOG_LEVEL: "info" } });
  const user = await signUp(relay, "kaylee");
  await using link = await connectControl(relay, user);
  link.send({ type: "pool", size: 33 });
  const tickets: string[] = (await link.next("tickets")).tickets;
  assert.equal(tickets.length, 33);
  const conns = await Promise.all(tickets.map(async (ticket, cut) => {
    const preface = dataPreface(ticket);
    assert.equal(preface.length, 33);
    const conn = await dial(relay);
    conn.setNoDelay(true);
    // The first ticket comes one byte at a time.
    const ends = cut === 0 ? Array.from(preface, (_, at) => at + 1) : [cut, 33];
    let from = 0;
    for (const end of ends) {
      await conn.write(preface.subarray(from, end));
      from = end;
      await pause(5);
    }
    return conn;
  }));
  // Each is parked: as many visitors are joined, and the client is asked for none of them.
  const hello = helloFor(user.hostname);
  const visitors = [];
  for (const _ of conns) visitors.push(await send(relay, [hello]));
  for (const conn of conns) assert.deepEqual((await readJoin(conn)).rest, hello);
  for (const conn of [...conns, ...visitors]) conn.close();
});

Deno.test("what is no ticket is refused: at once where it has ended, else after 5 s", async () => {
  await using relay = await startRelay();
  const refused = "GLOSSON/1 refused\n";
  const bytes = dataPreface("A".repeat(22));
  // Ended early, and a whole one of nobody's.
  for (const length of [0, 1, 32, 33]) {
    using conn = await dial(relay);
    await conn.write(bytes.subarray(0, length));
    await conn.closeWrite();
    assert.equal(await text(conn), refused, `${length} bytes`);
  }
  const began = performance.now();
  using slow = await dial(relay);
  const dripping = (async () => {
    for (let at = 0; at < 33; at++) {
      await slow.write(bytes.subarray(at, at + 1));
      await pause(1_000);
    }
  })().catch(() => {});
  assert.equal(await text(slow), refused);
  const seconds = (performance.now() - began) / 1000;
  assert.ok(seconds > 4.5 && seconds < 7, `${seconds} s`);
  slow.close();
  await dripping;
});
