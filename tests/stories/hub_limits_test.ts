import assert from "node:assert/strict";
import { BASE, type Relay, startRelay } from "./relay.ts";
import { apiOf, connectControl, dialData, readJoin, serveUser, signUp, visit } from "./user.ts";
import {
  ALERT,
  answer,
  behindProxy,
  ended,
  helloFor,
  outcomes,
  proxied,
  rest,
  send,
  SOCKS4,
} from "./hub_visitor.ts";
import {
  extension,
  hello,
  helloBody,
  message,
  records,
  serverName,
} from "../wire/hello_builder.ts";

/** Time for the relay to notice what came before. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 100));
}

/** Connections with a PROXY header of this address that say nothing more. */
async function silent(relay: Relay, address: string, count: number): Promise<Deno.TcpConn[]> {
  const conns = [];
  for (let i = 0; i < count; i++) conns.push(await send(relay, [proxied(address)]));
  return conns;
}

function closeAll(conns: Deno.TcpConn[]): void {
  for (const conn of conns) conn.close();
}

Deno.test("a table full of one user's visitors leaves room for another's", async () => {
  await using relay = await startRelay({ settings: { MAX_VISITORS: "9" } });
  await using kaylee = await connectControl(relay, await signUp(relay, "kaylee"));
  await using simon = await connectControl(relay, await signUp(relay, "simon"));
  const hello = helloFor(`kaylee.${BASE}`);
  const joined: Deno.TcpConn[] = [];
  for (let i = 0; i < 5; i++) {
    joined.push(await send(relay, [hello]));
    joined.push(await dialData(relay, (await kaylee.next("connect")).ticket));
  }
  // The sixth is told so politely; four places are free, which is fewer than kaylee has.
  assert.equal(await answer(relay, [hello]), ALERT.internalError);
  await ended(relay, "limit-visitors", { serverName: `kaylee.${BASE}` });

  for (let i = 0; i < 2; i++) {
    using visitor = await send(relay, [helloFor(`simon.${BASE}`)]);
    using client = await dialData(relay, (await simon.next("connect")).ticket);
    assert.deepEqual((await readJoin(client)).rest, helloFor(`simon.${BASE}`));
    assert.ok(visitor);
  }
  // As soon as one of kaylee's leaves, another is let in.
  closeAll(joined.splice(0, 2));
  await ended(relay, "dialled", { serverName: `kaylee.${BASE}` });
  joined.push(await send(relay, [hello]));
  joined.push(await dialData(relay, (await kaylee.next("connect")).ticket));
  closeAll(joined);
});

Deno.test("a user has at most so many visitors, waiting ones included", async () => {
  await using relay = await startRelay({ settings: { MAX_VISITORS_PER_USER: "2" } });
  await using kaylee = await connectControl(relay, await signUp(relay, "kaylee"));
  const hello = helloFor(`kaylee.${BASE}`);
  const waiting = [await send(relay, [hello]), await send(relay, [hello])];
  await kaylee.next("connect");
  const { ticket } = await kaylee.next("connect");
  assert.equal(await answer(relay, [hello]), ALERT.internalError);
  // A visitor who goes away while the client is asked makes room.
  closeAll(waiting.splice(0, 2));
  kaylee.send({ type: "refuse", ticket });
  await settle();
  using _next = await send(relay, [hello]);
  assert.ok((await kaylee.next("connect")).ticket);
});

Deno.test("an address has at most so many connections, an IPv6 one by its /64", async () => {
  await using relay = await startRelay({
    settings: { PROXY_PROTOCOL_FROM: "127.0.0.1", MAX_VISITORS_PER_ADDRESS: "3" },
  });
  const hello = helloFor("elsewhere.example");
  for (
    const [full, same, others] of [
      ["203.0.113.7", ["203.0.113.7", "::ffff:203.0.113.7"], ["203.0.113.8", "2001:db8::7"]],
      ["2001:db8:1:2::1", ["2001:db8:1:2:ffff::5"], ["2001:db8:1:3::1", "203.0.113.9"]],
    ] as const
  ) {
    const held = await silent(relay, full, 3);
    await settle();
    for (const address of same) {
      assert.equal(await answer(relay, [proxied(address), hello]), ALERT.internalError, address);
    }
    await ended(relay, "limit-address");
    for (const address of others) {
      assert.equal(await answer(relay, [proxied(address), hello]), ALERT.unrecognizedName, address);
    }
    closeAll(held);
    await settle();
    assert.equal(await answer(relay, [proxied(full), hello]), ALERT.unrecognizedName);
  }
});

Deno.test("an address may come at a burst, then at a rate; others are not kept waiting", async () => {
  await using relay = await startRelay({
    settings: { PROXY_PROTOCOL_FROM: "127.0.0.1", HELLO_BURST: "5", HELLOS_PER_SECOND: "2" },
  });
  const hello = helloFor("elsewhere.example");
  const knock = (address: string) => answer(relay, [proxied(address), hello]);
  const first = await Promise.all(Array.from({ length: 12 }, () => knock("203.0.113.7")));
  const passed = first.filter((got) => got === ALERT.unrecognizedName).length;
  assert.ok(passed >= 5 && passed <= 6, `${passed} of 12`);
  assert.equal(first.filter((got) => got === ALERT.internalError).length, 12 - passed);
  await ended(relay, "limit-rate", { address: "203.0.113.7" });
  assert.equal(await knock("203.0.113.8"), ALERT.unrecognizedName);
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  assert.equal(await knock("203.0.113.7"), ALERT.unrecognizedName);
});

Deno.test("who comes far too fast is closed unheard, and not at once, so that they cannot come again sooner", async () => {
  await using relay = await startRelay({
    settings: { PROXY_PROTOCOL_FROM: "127.0.0.1", HELLO_BURST: "1", HELLOS_PER_SECOND: "1" },
  });
  const hello = helloFor("elsewhere.example");
  const unheard: number[] = [];
  await Promise.all(Array.from({ length: 30 }, async () => {
    const came = performance.now();
    const got = await answer(relay, [proxied("203.0.113.7"), hello]).catch(() => undefined);
    if (got !== ALERT.internalError && got !== ALERT.unrecognizedName) {
      unheard.push(performance.now() - came);
    }
  }));
  assert.ok(unheard.length >= 10, `${unheard.length} of 30`);
  assert.ok(unheard.every((ms) => ms >= 950), unheard.join());
});

Deno.test("long hellos of one address leave room for those of other networks", async () => {
  await using relay = await startRelay({ settings: { PROXY_PROTOCOL_FROM: "127.0.0.1" } });
  const long = hello({
    extensions: [serverName("elsewhere.example"), extension(0xfafa, new Uint8Array(12_000))],
  });
  const held = [];
  for (let i = 0; i < 64; i++) {
    held.push(await send(relay, [proxied("203.0.113.7"), long.subarray(0, 9_000)]));
  }
  await settle();
  const own = [];
  for (const address of ["198.51.100.8", "2001:db8::8"]) {
    own.push(await answer(relay, [proxied(address), long]));
  }
  assert.deepEqual(own, own.map(() => ALERT.unrecognizedName));
  closeAll(held);
});

Deno.test("silent peers of a few addresses never take all places of hellos", async () => {
  await using relay = await startRelay({
    settings: { PROXY_PROTOCOL_FROM: "127.0.0.1", MAX_HELLOS: "20" },
  });
  const held: Deno.TcpConn[] = [];
  for (const address of ["203.0.113.1", "203.0.113.2", "203.0.113.3"]) {
    held.push(...await silent(relay, address, 20));
  }
  await settle();
  for (let i = 0; i < 10; i++) {
    const got = await answer(relay, [proxied(`198.51.100.${i}`), helloFor("elsewhere.example")]);
    assert.equal(got, ALERT.unrecognizedName);
  }
  closeAll(held);
});

Deno.test("a table of hellos that is full for everybody refuses the newest, and only for a while", async () => {
  await using relay = await startRelay({ settings: { MAX_HELLOS: "10" } });
  const held = [];
  for (let i = 0; i < 10; i++) held.push(await send(relay, []));
  await settle();
  assert.equal(await answer(relay, [helloFor(BASE)]), ALERT.internalError);
  await ended(relay, "limit-hellos");
  closeAll(held);
  await settle();
  assert.equal((await visit(relay, BASE)).status, 200);
});

Deno.test("a proxy that asks by SOCKS4 has the alert for its visitor when there is no place", async () => {
  const settings = { PROXY_PROTOCOL_FROM: "127.0.0.1", MAX_HELLOS: "8" };
  await using relay = await startRelay({ settings });
  const held = [];
  for (let i = 0; i < 8; i++) held.push(await send(relay, []));
  await settle();
  const words = [proxied("198.51.100.1"), helloFor(BASE)];
  assert.equal(await answer(relay, words), ALERT.internalError);
  const granted = await answer(relay, [SOCKS4.request, ...words]);
  assert.equal(granted, `${SOCKS4.granted}${ALERT.internalError}`);
  closeAll(held);
});

Deno.test("visits to the relay's pages are as many as allowed, and clients still get in", async () => {
  await using relay = await startRelay({ settings: { MAX_PAGES: "3" } });
  const user = await signUp(relay, "kaylee");
  await using _server = await serveUser(relay, user, () => new Response("here"));
  const held = [];
  for (let i = 0; i < 3; i++) held.push(await send(relay, [helloFor(`nobody.${BASE}`)]));
  await settle();
  assert.equal(await answer(relay, [helloFor(`nobody.${BASE}`)]), ALERT.internalError);
  await ended(relay, "limit-pages", { serverName: `nobody.${BASE}` });
  assert.equal((await visit(relay, user.hostname)).body, "here");
  const api = apiOf(relay);
  using _client = api.client;
  assert.equal((await api.request("GET", "/v1/relay")).status, 200);
  closeAll(held);
});

Deno.test("connections of the API are as many as allowed, and visitors still get in", async () => {
  await using relay = await startRelay({
    settings: { PROXY_PROTOCOL_FROM: "127.0.0.1", MAX_CLIENTS: "4", LOG_LEVEL: "debug" },
  });
  using front = behindProxy(relay);
  await using _link = await connectControl(front.relay, await signUp(front.relay, "kaylee"));
  // 504 places: the clients' and 500 more; by addresses of which none may have more than are free.
  const held: Deno.TcpConn[] = [];
  const hello = helloFor(`relay.${BASE}`);
  for (let i = 0; i < 560; i++) {
    held.push(await send(relay, [proxied(`203.0.${i % 8}.1`), hello], i % 2 ? "hub" : "control"));
  }
  await ended(relay, "limit-control");
  await using _other = await connectControl(front.relay, await signUp(front.relay, "simon"));
  using visitor = await send(relay, [proxied("198.51.100.1"), helloFor("elsewhere.example")]);
  assert.equal(await rest(visitor), ALERT.unrecognizedName);
  closeAll(held);
});

Deno.test("clients park as many connections as there are places, each its share", async () => {
  await using relay = await startRelay({ settings: { MAX_PARKED: "8" } });
  await using kaylee = await connectControl(relay, await signUp(relay, "kaylee"));
  await using simon = await connectControl(relay, await signUp(relay, "simon"));
  kaylee.send({ type: "pool", size: 64 });
  assert.equal((await kaylee.next("tickets")).tickets.length, 4);
  simon.send({ type: "pool", size: 2 });
  const { tickets } = await simon.next("tickets");
  assert.equal(tickets.length, 2);
  // A parked connection that a visitor takes leaves its place for the next one.
  using parked = await dialData(relay, tickets[0]);
  await settle();
  using _visitor = await send(relay, [helloFor(`simon.${BASE}`)]);
  await readJoin(parked);
  assert.equal((await simon.next("tickets")).tickets.length, 1);
});

Deno.test("hellos of unusual size are read, but not many at once", async () => {
  await using relay = await startRelay();
  // An extension of 30,000 bytes that nobody knows, in records as long as they may be.
  const body = helloBody({
    extensions: [serverName("elsewhere.example"), extension(0xfafa, new Uint8Array(30_000))],
  });
  const large = records(message(body), [16_384]);
  assert.equal(await answer(relay, [large]), ALERT.unrecognizedName);
  const held = [];
  for (let i = 0; i < 64; i++) held.push(await send(relay, [large.subarray(0, 20_000)]));
  await settle();
  assert.equal(await answer(relay, [large]), "");
  await ended(relay, "limit-large-hellos");
  assert.equal((await visit(relay, BASE)).status, 200);
  closeAll(held);
  await settle();
  assert.equal(await answer(relay, [large]), ALERT.unrecognizedName);
  assert.ok(!outcomes(relay).includes("too-large"));
});
