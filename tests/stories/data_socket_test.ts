import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { usageOf } from "../../scripts/bench/usage.ts";
import { DataSocket, dialDataSocket } from "./data_socket.ts";
import { BASE, type Relay, startRelay } from "./relay.ts";
import { answer, helloFor, send } from "./hub_visitor.ts";
import {
  apiOf,
  connectControl,
  dialData,
  readJoin,
  readToEnd,
  signUp,
  startPage,
  visit,
} from "./user.ts";
import { splice, writeAll } from "../../lib/net/splice.ts";

Deno.test("pages, uploads and downloads come over a WebSocket as over TCP", async () => {
  await using relay = await startRelay({ settings: { LOG_LEVEL: "info" } });
  const user = await signUp(relay, "kaylee");
  const large = crypto.getRandomValues(new Uint8Array(65_536));
  const chunks = 100;
  await using page = await startPage(relay, user, (request) => {
    if (new URL(request.url).pathname !== "/large") return new Response("over a WebSocket");
    let left = chunks;
    return new Response(
      new ReadableStream({
        pull(controller) {
          if (left-- > 0) controller.enqueue(large);
          else controller.close();
        },
      }),
    );
  });
  await using link = await connectControl(relay, user);
  const joins: Promise<unknown>[] = [];
  const serving = (async () => {
    while (true) {
      const { ticket } = await link.next("connect");
      joins.push((async () => {
        const data = await dialDataSocket(relay, ticket);
        const { rest, addresses } = await readJoin(data);
        assert.equal(addresses?.destination.port, relay.ports.hub);
        const own = await Deno.connect({ hostname: "127.0.0.1", port: page.port });
        await own.write(rest);
        const { error } = await splice(data, own);
        assert.equal(error, undefined);
        // Both streams have ended: the relay closes with 1000.
        assert.equal((await data.closed).code, 1000);
      })());
    }
  })().catch(() => {});
  assert.equal((await visit(relay, user.hostname)).body, "over a WebSocket");
  const bytes = await download(relay, user.hostname, "/large");
  const expected = createHash("sha256");
  for (let i = 0; i < chunks; i++) expected.update(large);
  assert.equal(bytes.length, chunks * large.length);
  assert.equal(createHash("sha256").update(bytes).digest("hex"), expected.digest("hex"));
  await link[Symbol.asyncDispose]();
  await serving;
  await Promise.all(joins);
});

/** The body that a visitor downloads, chunked as it came. */
async function download(relay: Relay, hostname: string, path: string): Promise<Uint8Array> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: relay.ports.hub! });
  using tls = await Deno.startTls(conn, { hostname, caCerts: [relay.ca] });
  const request = `GET ${path} HTTP/1.0\r\nHost: ${hostname}\r\n\r\n`;
  await tls.write(new TextEncoder().encode(request));
  const all = await readToEnd(tls);
  const end = new TextDecoder("latin1").decode(all.subarray(0, 4096)).indexOf("\r\n\r\n");
  return all.subarray(end + 4);
}

Deno.test("ends of stream pass a WebSocket as empty messages, either side first", async () => {
  await using relay = await startRelay();
  await using link = await connectControl(relay, await signUp(relay, "kaylee"));
  const text = (words: string): Uint8Array => new TextEncoder().encode(words);
  for (const first of ["visitor", "client"]) {
    const visitor = await send(relay, [helloFor(`kaylee.${BASE}`)]);
    const data = await dialDataSocket(relay, (await link.next("connect")).ticket);
    await readJoin(data);
    await writeAll(data, text("answer"));
    const p = new Uint8Array(100);
    assert.equal(await visitor.read(p), 6);
    const [ending, open] = first === "visitor" ? [visitor, data] : [data, visitor];
    await ending.closeWrite();
    assert.equal(await open.read(p), null);
    await writeAll(open, text("last words"));
    await open.closeWrite();
    assert.equal(new TextDecoder().decode(await readToEnd(ending)), "last words");
    assert.equal((await data.closed).code, 1000);
    visitor.close();
  }
  // Who ended, and closes, is answered though the visitor has not ended.
  {
    using visitor = await send(relay, [helloFor(`kaylee.${BASE}`)]);
    const data = await dialDataSocket(relay, (await link.next("connect")).ticket);
    await readJoin(data);
    await data.closeWrite();
    assert.equal(await visitor.read(new Uint8Array(1)), null);
    data.close();
    assert.equal((await data.closed).wasClean, true);
  }
  // One that is lost is lost to the other side, too.
  const visitor = await send(relay, [helloFor(`kaylee.${BASE}`)]);
  const data = await dialDataSocket(relay, (await link.next("connect")).ticket);
  await readJoin(data);
  data.close();
  await data.closed;
  assert.equal(await visitor.read(new Uint8Array(1)).catch(() => null), null);
  visitor.close();
});

Deno.test("a WebSocket is parked by its ticket, and hears nothing until a visitor comes", async () => {
  await using relay = await startRelay();
  const user = await signUp(relay, "kaylee");
  await using link = await connectControl(relay, user);
  link.send({ type: "pool", size: 2 });
  const { tickets } = await link.next("tickets");
  const data = await dialDataSocket(relay, tickets[0]);
  // The other way of parking goes on beside it, and is the one used next.
  using raw = await dialData(relay, tickets[1]);
  const hello = helloFor(user.hostname);
  const visitors = [await send(relay, [hello]), await send(relay, [hello])];
  for (const conn of [data, raw]) {
    const { rest, addresses } = await readJoin(conn);
    assert.deepEqual(rest, hello);
    assert.equal(addresses?.source.address, "127.0.0.1");
  }
  for (const visitor of visitors) visitor.close();
  data.close();
  assert.equal((await data.closed).wasClean, true);
  // A parked one that goes is made up for.
  link.send({ type: "pool", size: 2 });
  const more = (await link.next("tickets")).tickets;
  const leaving = await dialDataSocket(relay, more[0]);
  leaving.close();
  await leaving.closed;
  assert.ok((await link.next("tickets")).tickets.length > 0);
});

/** A frame of a client whose mask of zeros leaves the payload as it is. */
function frame(opcode: number, payload: string): string {
  return String.fromCharCode(0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0) + payload;
}

Deno.test("pings of a parked client are answered, and the handshake may come in one piece with them", async () => {
  await using relay = await startRelay();
  await using link = await connectControl(relay, await signUp(relay, "kaylee"));
  link.send({ type: "pool", size: 1 });
  const [ticket] = (await link.next("tickets")).tickets;
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: relay.ports.control! });
  using tls = await Deno.startTls(conn, { hostname: "localhost", caCerts: [relay.ca] });
  const head = [
    "GET /v1/data HTTP/1.1",
    "Host: localhost",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Protocol: glosson-data.v1",
    "\r\n",
  ].join("\r\n");
  const sent = head + frame(2, ticket) + frame(9, "are you there");
  await writeAll(tls, Uint8Array.from(sent, (c) => c.charCodeAt(0)));
  let text = "";
  const p = new Uint8Array(4096);
  while (!text.endsWith("are you there")) {
    const n = await tls.read(p);
    assert.ok(n !== null, text);
    text += String.fromCharCode(...p.subarray(0, n));
  }
  assert.match(text, /^HTTP\/1\.1 101 /);
  assert.ok(text.endsWith("\r\n\r\n\x8a\x0dare you there"), JSON.stringify(text));
});

Deno.test({
  name: "a slow visitor of a client over WebSocket costs the relay no memory",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using relay = await startRelay({ settings: { LOG_LEVEL: "info" } });
    await using link = await connectControl(relay, await signUp(relay, "kaylee"));
    const resident = (): number => usageOf([relay.pid]).rssBytes;
    using visitor = await send(relay, [helloFor(`kaylee.${BASE}`)]);
    const data = await dialDataSocket(relay, (await link.next("connect")).ticket);
    await readJoin(data);
    const megabytes = 200;
    const chunk = crypto.getRandomValues(new Uint8Array(65_536));
    let poured = 0;
    const pouring = (async () => {
      for (; poured < megabytes * 16; poured++) await writeAll(data, chunk);
      await data.closeWrite();
    })();
    const read = async (bytes: number): Promise<void> => {
      const p = new Uint8Array(256 * 1024);
      for (let left = bytes; left > 0;) {
        const n = await visitor.read(p.subarray(0, Math.min(left, p.length)));
        assert.ok(n !== null);
        left -= n;
      }
    };
    // At full speed first: code and pools, which stay, are not what is asked for.
    await read(50e6);
    const before = resident();
    let most = before;
    // Until nothing more is taken from the client.
    for (let last = -1; last !== poured;) {
      last = poured;
      for (let i = 0; i < 10; i++) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        most = Math.max(most, resident());
      }
    }
    assert.ok(poured < megabytes * 16, "the client has sent all of it");
    assert.ok(most - before < 16e6, `grew by ${most - before} bytes`);
    await read(megabytes * 16 * chunk.length - 50e6);
    await pouring;
    assert.equal(await visitor.read(new Uint8Array(1)), null);
    data.close();
    await data.closed;
  },
});

Deno.test("WebSockets of data are as many as there are places, and keep no client out", async () => {
  await using relay = await startRelay({
    settings: { MAX_DATA_SOCKETS: "2", MAX_CLIENTS: "1", LOG_LEVEL: "info" },
  });
  const user = await signUp(relay, "kaylee");
  await using link = await connectControl(relay, user);
  link.send({ type: "pool", size: 3 });
  const { tickets } = await link.next("tickets");
  const parked = [await dialDataSocket(relay, tickets[0]), await dialDataSocket(relay, tickets[1])];
  const more = await dialDataSocket(relay, tickets[2]);
  assert.equal((await more.closed).code, 1013);
  parked[0]!.close();
  await parked[0]!.closed;
  link.send({ type: "pool", size: 4 });
  const again = await dialDataSocket(relay, (await link.next("tickets")).tickets[0]);
  const visitor = await send(relay, [helloFor(user.hostname)]);
  await Promise.race([readJoin(parked[1]!), readJoin(again)]);
  visitor.close();
  for (const data of [parked[1]!, again]) {
    data.close();
    await data.closed;
  }
});

Deno.test("what is no ticket is refused with 4403, what is no such WebSocket with 426", async () => {
  await using relay = await startRelay();
  await using link = await connectControl(relay, await signUp(relay, "kaylee"));
  link.send({ type: "pool", size: 1 });
  const [ticket] = (await link.next("tickets")).tickets;
  const utf8 = (words: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(words);
  const first: (string | Uint8Array<ArrayBuffer>)[] = [
    ticket,
    utf8(ticket.slice(1)),
    utf8(`${ticket}\n`),
    utf8("A".repeat(22)),
    utf8("!".repeat(22)),
    utf8(""),
    utf8(`GLOSSON/1 ${ticket}\n`),
    new Uint8Array(100_000),
  ];
  for (const message of first) {
    const socket = await new DataSocket(relay).opened();
    socket.send(message);
    assert.equal((await socket.closed).code, 4403, String(message));
  }
  const parked = await dialDataSocket(relay, ticket);
  const again = await dialDataSocket(relay, ticket);
  assert.equal((await again.closed).code, 4403);
  const began = performance.now();
  const silent = await new DataSocket(relay).opened();
  assert.equal((await silent.closed).code, 4403);
  const seconds = (performance.now() - began) / 1000;
  assert.ok(seconds > 4.5 && seconds < 7, `${seconds} s`);
  parked.close();
  await parked.closed;

  const api = apiOf(relay);
  using _client = api.client;
  const plain = await api.request("GET", "/v1/data");
  assert.deepEqual([plain.status, plain.body.type], [426, "urn:glosson:problem:upgrade-required"]);
  assert.match(plain.body.detail, /glosson-data\.v1/);
  assert.equal((await api.request("POST", "/v1/data")).status, 405);
  // Nothing else of the control host is touched by it.
  assert.equal(await answer(relay, [], { listener: "control", end: true }), "");
});
