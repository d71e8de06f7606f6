import assert from "node:assert/strict";
import { BASE, startRelay } from "./relay.ts";
import { readJoin, readToEnd, visit } from "./user.ts";
import { ALERT, answer, ended, helloFor, proxied, rest, send } from "./hub_visitor.ts";
import { writeAll } from "../../lib/net/splice.ts";
import { alpn, bytes, hello, records, serverName } from "../wire/hello_builder.ts";

/** A backend that hands out the connections it accepts. */
function backend(): { port: number; next: () => Promise<Deno.TcpConn> } & Disposable {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return {
    port: listener.addr.port,
    next: () => listener.accept(),
    [Symbol.dispose]: () => listener.close(),
  };
}

Deno.test("foreign names go to the fallback backend with every byte as it came, both ways", async () => {
  using apache = backend();
  await using relay = await startRelay({
    settings: { FALLBACK_BACKEND: `127.0.0.1:${apache.port}` },
  });
  const plain = helloFor("www.example.org");
  const openings: [string, Uint8Array][] = [
    ["a name", plain],
    ["capitals and a trailing dot", hello({ extensions: [serverName("WWW.Example.ORG.")] })],
    ["no name", hello({ extensions: [alpn("h2")] })],
    ["no extensions", hello({ extensions: null })],
    ["an address for a name", hello({ extensions: [serverName("192.0.2.7")] })],
    [
      "records of one byte",
      records(plain.subarray(5), Array.from({ length: 90 }, (_, i) => i + 1)),
    ],
    ["early data behind it", bytes(plain, [0x17, 3, 3, 0, 4], "zero")],
    ["a deeper name of ours", helloFor(`a.b.${BASE}`)],
    ...[
      `kaylee.${BASE}:443`,
      `*.${BASE}`,
      "*",
      `kaylee.${BASE}..`,
      `kaylee..${BASE}`,
      `.${BASE}`,
      `kay lee.${BASE}`,
      `kaylee@${BASE}`,
      `kaylee.${BASE}/`,
      `[kaylee.${BASE}]`,
      "www.example.org:443",
      "[2001:db8::7",
      ".",
    ].map((name): [string, Uint8Array] => [`the odd name ${name}`, helloFor(name)]),
  ];
  for (const [what, opening] of openings) {
    const tail = crypto.getRandomValues(new Uint8Array(40_000));
    using visitor = await send(relay, [opening]);
    using seen = await apache.next();
    const reading = readToEnd(seen);
    await writeAll(visitor, tail);
    await visitor.closeWrite();
    assert.deepEqual(await reading, bytes(opening, tail), what);
    // The visitor has ended; the backend still has something to say.
    await writeAll(seen, tail);
    await seen.closeWrite();
    assert.deepEqual(await readToEnd(visitor), tail, what);
    await ended(relay, "fallback", { toClient: tail.length, toVisitor: tail.length });
    relay.lines.length = 0;
  }
  // And the other way round: the backend ends first.
  using visitor = await send(relay, [plain]);
  using seen = await apache.next();
  await seen.closeWrite();
  assert.equal(await rest(visitor), "");
  await visitor.closeWrite();
  assert.deepEqual(await readToEnd(seen), plain);

  // Names of ours stay ours, and what is no hello is nobody's.
  assert.equal((await visit(relay, BASE)).status, 200);
  assert.equal(await answer(relay, ["\0\0\0\0\0\0"]), ALERT.decodeError);
});

Deno.test("with ?proxy=v2 the fallback backend is told the visitor's address", async () => {
  using apache = backend();
  await using relay = await startRelay({
    settings: {
      FALLBACK_BACKEND: `127.0.0.1:${apache.port}?proxy=v2`,
      PROXY_PROTOCOL_FROM: "127.0.0.1",
    },
  });
  const plain = helloFor("www.example.org");
  for (const address of ["203.0.113.9", "2001:db8::9"]) {
    using _visitor = await send(relay, [proxied(address, 4321), plain]);
    using seen = await apache.next();
    const { addresses, rest } = await readJoin(seen);
    assert.deepEqual(addresses?.source, { address, port: 4321 });
    assert.deepEqual(rest, plain);
  }
});

Deno.test("a fallback backend that is down is an internal error, told once in a while", async () => {
  const gone = backend();
  gone[Symbol.dispose]();
  await using relay = await startRelay({
    settings: { FALLBACK_BACKEND: `127.0.0.1:${gone.port}` },
  });
  for (let i = 0; i < 5; i++) {
    assert.equal(await answer(relay, [helloFor("www.example.org")]), ALERT.internalError);
  }
  await ended(relay, "fallback-unreachable");
  const warnings = relay.lines.filter((line) => line.level === "warn" && line.backend);
  assert.equal(warnings.length, 1);
  assert.equal(warnings[0]!.backend, `127.0.0.1:${gone.port}`);
});

Deno.test("a visitor to the fallback backend who resets leaves nothing behind", async () => {
  using apache = backend();
  await using relay = await startRelay({
    settings: { FALLBACK_BACKEND: `127.0.0.1:${apache.port}` },
  });
  const { default: net } = await import("node:net");
  const socket = net.connect(relay.ports.hub!, "127.0.0.1");
  socket.on("error", () => {});
  socket.write(helloFor("www.example.org"));
  using seen = await apache.next();
  await seen.read(new Uint8Array(4096));
  socket.resetAndDestroy();
  assert.equal(await rest(seen), "");
  await ended(relay, "fallback");
});

/** All that still comes, as text. */
async function text(conn: Pick<Deno.Conn, "read">): Promise<string> {
  return new TextDecoder().decode(await readToEnd(conn));
}

Deno.test("plain HTTP for other hosts goes to its own fallback backend, and for ours to https", async () => {
  const apache = backend();
  await using relay = await startRelay({
    settings: { HTTP_PORT: "0", HTTP_FALLBACK_BACKEND: `127.0.0.1:${apache.port}` },
  });
  const connect = () => Deno.connect({ hostname: "127.0.0.1", port: relay.ports.http! });
  const requests = [
    "GET /.well-known/acme-challenge/abc HTTP/1.1\r\nHost: www.example.org\r\n\r\n",
    "POST /form?a=b HTTP/1.1\r\nhost: www.example.org:80\r\nContent-Length: 9\r\n\r\nbody=here",
    "GET http://www.example.org/ HTTP/1.1\r\nHost: www.example.org\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
  ];
  for (const request of requests) {
    using visitor = await connect();
    await writeAll(visitor, bytes(request));
    using seen = await apache.next();
    await writeAll(seen, bytes("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    await seen.closeWrite();
    assert.match(await text(visitor), /\r\n\r\nok$/);
    await visitor.closeWrite();
    assert.equal(await text(seen), request);
  }
  for (const host of [BASE, `kaylee.${BASE}`, `relay.${BASE}`]) {
    using visitor = await connect();
    await writeAll(visitor, bytes(`GET /x HTTP/1.1\r\nHost: ${host}\r\n\r\n`));
    assert.match(
      await text(visitor),
      new RegExp(`^HTTP/1.1 308 [^]*Location: https://${host}.*/x\r`),
    );
  }
  apache[Symbol.dispose]();
  using visitor = await connect();
  await writeAll(visitor, bytes("GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n"));
  assert.match(await text(visitor), /^HTTP\/1.1 502 Bad Gateway\r/);
  await ended(relay, "fallback-unreachable");
});
