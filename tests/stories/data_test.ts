import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { connectControl, dialData, readJoin, readToEnd, signUp } from "./user.ts";
import { BASE, type Relay, startRelay } from "./relay.ts";
import { writeAll } from "../../lib/net/splice.ts";
import { hello, serverName } from "../wire/hello_builder.ts";

const REFUSED = "GLOSSON/1 refused\n";

async function text(conn: Deno.TcpConn): Promise<string> {
  return new TextDecoder().decode(await readToEnd(conn));
}

/** A visitor that sent its hello. */
async function knock(relay: Relay, username: string): Promise<Deno.TcpConn> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: relay.ports.hub! });
  await writeAll(conn, hello({ extensions: [serverName(`${username}.${BASE}`)] }));
  return conn;
}

Deno.test("a ticket is good once, for its holder, and nothing else is taken", async () => {
  await using relay = await startRelay();
  await using kaylee = await connectControl(relay, await signUp(relay, "kaylee"));
  await using _other = await connectControl(relay, await signUp(relay, "simon"));

  using visitor = await knock(relay, "kaylee");
  const { ticket, visitor: announced, expiresInMs } = await kaylee.next("connect");
  assert.deepEqual(announced, {
    address: "127.0.0.1",
    port: (visitor.localAddr as Deno.NetAddr).port,
  });
  assert.equal(expiresInMs, 10_000);

  // None of these takes the ticket from its holder, or reaches the visitor.
  for (
    const preface of [
      "GLOSSON/1 AAAAAAAAAAAAAAAAAAAAAA\n",
      `GLOSSON/2 ${ticket}\n`,
      `GLOSSON/1 ${ticket}\r`,
      "GET / HTTP/1.1\r\nHost: relay.example\r\n\r\n",
      "\0".repeat(33),
    ]
  ) {
    using conn = await Deno.connect({ hostname: "127.0.0.1", port: relay.ports.data! });
    await conn.write(new TextEncoder().encode(preface));
    assert.equal(await text(conn), REFUSED, JSON.stringify(preface));
  }

  using joined = await dialData(relay, ticket);
  const { addresses, rest } = await readJoin(joined);
  assert.deepEqual(addresses?.source, announced);
  assert.equal(addresses?.destination.port, relay.ports.hub);
  assert.deepEqual(rest, hello({ extensions: [serverName(`kaylee.${BASE}`)] }));

  using again = await dialData(relay, ticket);
  assert.equal(await text(again), REFUSED);
  // The one that came first still is the visitor's.
  await writeAll(joined, new TextEncoder().encode("still here"));
  const p = new Uint8Array(100);
  assert.equal(new TextDecoder().decode(p.subarray(0, (await visitor.read(p))!)), "still here");
});

Deno.test("a data connection that says nothing, or a ticket too late, is refused", async () => {
  await using relay = await startRelay();
  await using kaylee = await connectControl(relay, await signUp(relay, "kaylee"));
  using silent = await Deno.connect({ hostname: "127.0.0.1", port: relay.ports.data! });
  using visitor = await knock(relay, "kaylee");
  const { ticket, expiresInMs } = await kaylee.next("connect");
  assert.equal(await text(silent), REFUSED);

  // The ticket's life ends with the "not responding" page: TLS of the relay's own.
  const first = new Uint8Array(1);
  const started = performance.now();
  await visitor.read(first);
  assert.ok(performance.now() - started < expiresInMs);
  using late = await dialData(relay, ticket);
  assert.equal(await text(late), REFUSED);
});

Deno.test("a refused visitor gets an answer at once", async () => {
  await using relay = await startRelay();
  await using kaylee = await connectControl(relay, await signUp(relay, "kaylee"));
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: relay.ports.hub! });
  const hostname = `kaylee.${BASE}`;
  const visiting = Deno.startTls(conn, { hostname, caCerts: [relay.ca] });
  const { ticket } = await kaylee.next("connect");
  kaylee.send({ type: "refuse", ticket, reason: "busy" });
  using session = await visiting;
  await session.write(new TextEncoder().encode(`GET / HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`));
  assert.match(await new Response(session.readable).text(), /^HTTP\/1\.1 504 /);
});

Deno.test("parked connections are used without asking, and the pool is refilled", async () => {
  await using relay = await startRelay();
  await using kaylee = await connectControl(relay, await signUp(relay, "kaylee"));
  kaylee.send({ type: "pool", size: 2 });
  const { tickets } = await kaylee.next("tickets");
  assert.equal(tickets.length, 2);
  using first = await dialData(relay, tickets[0]);
  using second = await dialData(relay, tickets[1]);
  // Both are parked once a third ticket, for the one taken, comes after the first visitor.
  using _visitor = await knock(relay, "kaylee");
  const joined = await Promise.race([
    readJoin(first).then(() => first),
    readJoin(second).then(() => second),
  ]);
  const refill = await kaylee.next("tickets");
  assert.equal(refill.tickets.length, 1);

  // The one left dies unnoticed by nobody: the next visitor is asked for by `connect`.
  const left = joined === first ? second : first;
  left.close();
  using _next = await knock(relay, "kaylee");
  assert.ok((await kaylee.next("connect")).ticket);
});

Deno.test("100 MiB go each way at once through a joined connection, half-close on both sides", async () => {
  await using relay = await startRelay({ settings: { LOG_LEVEL: "info" } });
  await using kaylee = await connectControl(relay, await signUp(relay, "kaylee"));
  for (const endsFirst of ["visitor", "client"]) {
    using visitor = await knock(relay, "kaylee");
    const { ticket } = await kaylee.next("connect");
    using client = await dialData(relay, ticket);
    const { rest } = await readJoin(client);
    assert.deepEqual(rest, hello({ extensions: [serverName(`kaylee.${BASE}`)] }));

    const [up, down, upSeen, downSeen] = await Promise.all([
      send(visitor, endsFirst === "visitor"),
      send(client, endsFirst === "client"),
      endsFirst === "visitor" ? receive(client) : receive(client, 100),
      endsFirst === "client" ? receive(visitor) : receive(visitor, 100),
    ]);
    assert.equal(upSeen, up);
    assert.equal(downSeen, down);

    // One side has ended; the other still speaks, and then ends too.
    const [open, ended] = endsFirst === "visitor" ? [client, visitor] : [visitor, client];
    await writeAll(open, new TextEncoder().encode("last words"));
    await open.closeWrite();
    assert.equal(await text(ended), "last words");
    assert.equal(await open.read(new Uint8Array(1)), null);
  }

  async function send(conn: Deno.TcpConn, end: boolean): Promise<string> {
    const hash = createHash("sha256");
    const chunk = new Uint8Array(1024 * 1024);
    for (let i = 0; i < 100; i++) {
      crypto.getRandomValues(chunk.subarray(0, 65_536));
      hash.update(chunk);
      await writeAll(conn, chunk);
    }
    if (end) await conn.closeWrite();
    return hash.digest("hex");
  }

  async function receive(conn: Deno.TcpConn, mebibytes = Infinity): Promise<string> {
    const hash = createHash("sha256");
    const p = new Uint8Array(256 * 1024);
    let left = mebibytes * 1024 * 1024;
    while (left > 0) {
      const n = await conn.read(p.subarray(0, Math.min(left, p.length)));
      if (n === null) break;
      hash.update(p.subarray(0, n));
      left -= n;
    }
    return hash.digest("hex");
  }
});
