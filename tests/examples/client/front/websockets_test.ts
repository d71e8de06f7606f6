import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { closeQuietly, writeAll } from "../../../../lib/net/splice.ts";
import { readAll } from "../../../net/pipe.ts";
import type { HttpExchange } from "../http_exchange.ts";
import { type App, appFronted, type Fronted, HOSTNAME } from "./fronted.ts";
import { FrontProcess } from "./front_process.ts";
import { FRAME } from "./http2_frames.ts";
import { RawHttp2 } from "./raw_http2.ts";
import { RawVisitor } from "./raw_visitor.ts";
import { frameHead, OPCODE, wholeFrame } from "./websocket_frames.ts";

const MiB = 1024 * 1024;

/** What a browser says to open one. */
const ASKED = [
  "GET /live?a='b' HTTP/1.1",
  `Host: ${HOSTNAME}`,
  "Connection: keep-alive, Upgrade",
  "Upgrade: websocket",
  "User-Agent: Browser/1.0 (odd)",
  `Origin: https://${HOSTNAME}`,
  "Cookie: a=1; b=2",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
  "Sec-WebSocket-Protocol: chat, superchat",
  "",
  "",
].join("\r\n");

const ACCEPTED = [
  "HTTP/1.1 101 Switching Protocols",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
  "Sec-WebSocket-Protocol: chat",
  "Sec-WebSocket-Extensions: permessage-deflate",
  "Set-Cookie: session=1; HttpOnly",
  "Set-Cookie: other=2",
  "",
  "",
].join("\r\n");

/** Opens one; gives the visitor behind the 101. */
async function open(world: { port: number; pem: string }): Promise<RawVisitor> {
  const visitor = await RawVisitor.open(world);
  visitor.send(ASKED);
  assert.match(await visitor.upTo("\r\n\r\n"), /^HTTP\/1\.1 101 /);
  return visitor;
}

/** An app that accepts, and goes on as it is told. */
function accepting(go: App, before = ""): App {
  return async (exchange, conn) => {
    await exchange.head();
    await exchange.sendBytes(ACCEPTED + before);
    await go(exchange, conn);
  };
}

/** Sends back whatever comes. */
async function echo(exchange: HttpExchange): Promise<void> {
  while (true) await exchange.sendBytes(await exchange.bytes(1));
}

Deno.test("an upgrade reaches the app as the visitor asked for it, and its answer the visitor", () => {
  let asked = "";
  return appFronted(async (exchange) => {
    asked = await exchange.head();
    await exchange.sendBytes(ACCEPTED);
  }, async (world) => {
    const visitor = await RawVisitor.open(world);
    visitor.send(ASKED);
    const answer = await visitor.upTo("\r\n\r\n");
    const lines = (text: string): string[] => text.trimEnd().split("\r\n").sort();
    assert.deepEqual(lines(answer), lines(ACCEPTED));
    // All that was asked but for the hop, and what a proxy adds.
    const passed = lines(ASKED).filter((line) => !line.startsWith("Connection: "));
    for (const line of passed) assert.ok(lines(asked).includes(line), `${line} in ${asked}`);
    assert.match(asked, /^Connection: Upgrade\r$/mi);
    visitor.close();
  });
});

for (
  const [status, fields, body] of [
    ["401 Unauthorized", "WWW-Authenticate: Basic realm=x\r\n", "log in"],
    ["403 Forbidden", "X-Why: origin\r\n", "not from there"],
    ["302 Found", "Location: /login?next=%2Flive\r\n", ""],
    ["503 Service Unavailable", "Retry-After: 5\r\n", "too many"],
    ["200 OK", "Content-Type: text/plain\r\n", "this is no WebSocket"],
    ["426 Upgrade Required", "Upgrade: websocket\r\nConnection: Upgrade\r\n", "go on"],
  ] as const
) {
  Deno.test(`an upgrade that the app answers with ${status} is answered so, and the visit goes on`, () =>
    appFronted(async (exchange) => {
      await exchange.head();
      await exchange.send(
        `HTTP/1.1 ${status}\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`,
      );
    }, async (world) => {
      const visitor = await RawVisitor.open(world);
      for (let i = 0; i < 2; i++) {
        visitor.send(ASKED);
        const head = await visitor.upTo("\r\n\r\n");
        assert.match(head, new RegExp(`^HTTP/1\\.1 ${status}\r\n`));
        for (const field of fields.trimEnd().split("\r\n")) assert.ok(head.includes(field), head);
        if (body !== "") await visitor.upTo(body);
      }
      assert.deepEqual(world.lines.filter((line) => / (?:warn|error) /.test(line)), []);
      visitor.close();
    }));
}

Deno.test("an upgrade with a body reaches the app whole before the other protocol begins", () => {
  const bodies = [
    ["Content-Length: 0", "", ""],
    ["Content-Length: 5", "hello", "hello"],
    ["Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n"],
  ] as const;
  let body = "";
  return appFronted(async (exchange, conn) => {
    const head = await exchange.head();
    // As an app may that knows what comes.
    await exchange.sendBytes(
      "HTTP/1.1 101 Switching\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\r\n",
    );
    body = await exchange.bytes(Number(/X-Body: (\d+)/.exec(head)![1]));
    assert.match(head, /\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n/);
    await exchange.sendBytes(`got ${await exchange.bytes(4)}`);
    await conn.closeWrite();
  }, async (world) => {
    for (const [framing, sent, expected] of bodies) {
      const visitor = await RawVisitor.open(world);
      visitor.send(
        `POST /exec HTTP/1.1\r\nHost: ${HOSTNAME}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n` +
          `X-Body: ${expected.length}\r\n${framing}\r\n\r\n${sent}ping`,
      );
      assert.match(await visitor.upTo("\r\n\r\n"), /^HTTP\/1\.1 101 /, framing);
      assert.equal(await visitor.upTo("ping"), "got ping");
      assert.equal(body, expected);
      visitor.close();
    }
  });
});

Deno.test("what comes with a 101, or with its asking, is not lost", () =>
  appFronted(
    accepting(async (exchange) => {
      assert.equal(await exchange.bytes(5), "early");
      await exchange.sendBytes("got it");
      await exchange.ended();
    }, "first frame"),
    async (world) => {
      const visitor = await RawVisitor.open(world);
      visitor.send(`${ASKED}early`);
      await visitor.upTo("\r\n\r\nfirst frame");
      await visitor.upTo("got it");
      visitor.close();
      await world.empty();
    },
  ));

Deno.test("frames of any kind pass as they are, both ways", () => {
  const frames = [
    wholeFrame(OPCODE.text, "h\u00e9llo", { masked: true }),
    wholeFrame(OPCODE.binary, new Uint8Array(70_000).fill(7), { masked: true }),
    // Compressed, which only the extension that both ends agreed on makes sense of.
    wholeFrame(OPCODE.text, Uint8Array.of(0xf2, 0x48, 0xcd, 0xc9, 0xc9, 7, 0), {
      compressed: true,
    }),
    wholeFrame(OPCODE.ping, "are you there?", { masked: true }),
    wholeFrame(OPCODE.pong, ""),
    wholeFrame(OPCODE.close, Uint8Array.of(0x10, 0xe1, 0x77, 0x68, 0x79)),
    Buffer.from("no frame at all\0\xff", "latin1"),
  ];
  return appFronted(accepting(echo), async (world) => {
    const visitor = await open(world);
    for (const frame of frames) {
      visitor.send(frame);
      await visitor.bytes(frame.length);
      assert.deepEqual(visitor.received, frame);
      visitor.received = Buffer.alloc(0);
    }
    visitor.close();
    await world.empty();
  });
});

for (const direction of ["to the visitor", "to the app"] as const) {
  Deno.test(`one message of 65 MiB passes ${direction}`, async () => {
    const length = 65 * MiB;
    const head = frameHead(OPCODE.binary, length, { masked: direction === "to the app" });
    const block = crypto.getRandomValues(new Uint8Array(64 * 1024));
    const sent = createHash("sha256").update(head);
    for (let i = 0; i < length / block.length; i++) sent.update(block);
    const wanted = sent.digest("hex");

    async function send(conn: Pick<Deno.Conn, "write">): Promise<void> {
      await writeAll(conn, head);
      for (let i = 0; i < length / block.length; i++) await writeAll(conn, block);
    }
    async function receive(conn: Pick<Deno.Conn, "read">): Promise<string> {
      const hash = createHash("sha256");
      const buffer = new Uint8Array(256 * 1024);
      for (let left = head.length + length; left > 0;) {
        const n = await conn.read(buffer.subarray(0, Math.min(left, buffer.length)));
        if (n === null) throw new Error(`Cannot read: ended ${left} bytes too early`);
        hash.update(buffer.subarray(0, n));
        left -= n;
      }
      return hash.digest("hex");
    }
    const atApp = Promise.withResolvers<string>();
    await appFronted(
      accepting(async (exchange, conn) => {
        if (direction === "to the visitor") await send(conn);
        else atApp.resolve(await receive(conn));
        await exchange.ended();
      }),
      async (world) => {
        const conn = await visitTo101(world);
        if (direction === "to the app") await send(conn);
        assert.equal(
          direction === "to the app" ? await atApp.promise : await receive(conn),
          wanted,
        );
      },
    );
  });
}

/** A visitor behind the 101 who reads only when asked to. */
async function visitTo101({ visit }: Pick<Fronted, "visit">): Promise<Deno.TlsConn> {
  const conn = await visit();
  await writeAll(conn, new TextEncoder().encode(ASKED));
  await conn.read(new Uint8Array(ACCEPTED.length));
  return conn;
}

Deno.test("a side that ends in another protocol ends alone", () => {
  const large = "x".repeat(3 * MiB);
  return appFronted(
    accepting(async (exchange, conn) => {
      assert.equal(await exchange.bytes(3), "end");
      // The visitor's side is over; ours is not.
      await exchange.ended();
      await exchange.sendBytes(large);
      await conn.closeWrite();
    }),
    async (world) => {
      const visitor = await open(world);
      visitor.send("end");
      visitor.endSide();
      await visitor.bytes(large.length);
      await visitor.end();
      visitor.close();
      await world.empty();
      assert.equal(world.clock.now(), 0);
    },
  );
});

for (const first of ["visitor", "app"] as const) {
  Deno.test(`the ${first} ends another protocol first, and TLS tells the visitor that all came`, () =>
    appFronted(
      accepting(async (exchange, conn) => {
        if (first === "visitor") await exchange.ended();
        await exchange.sendBytes("bye");
        await conn.closeWrite();
        if (first === "app") await exchange.ended();
      }),
      async (world) => {
        const conn = await visitTo101(world);
        if (first === "visitor") await conn.closeWrite();
        // Without that word the runtime throws: what came may be a part.
        assert.equal(new TextDecoder().decode(await readAll(conn)), "bye");
        conn.close();
        await world.empty();
      },
    ));
}

Deno.test("an app that ends its side in another protocol still gets the visitor's", () => {
  const got = Promise.withResolvers<string>();
  return appFronted(
    accepting(async (exchange, conn) => {
      await exchange.sendBytes("over");
      await conn.closeWrite();
      got.resolve(await exchange.bytes(5));
    }),
    async (world) => {
      const visitor = await open(world);
      await visitor.upTo("over");
      await visitor.end();
      visitor.send("after");
      assert.equal(await got.promise, "after");
      visitor.close();
      await world.empty();
    },
  );
});

Deno.test("a connection that is idle in another protocol stays, for longer than any limit", () =>
  appFronted(accepting(echo), async (world) => {
    const visitor = await open(world);
    visitor.send("one");
    await visitor.upTo("one");
    world.clock.advance(7 * 24 * 3_600_000);
    visitor.send("two");
    await visitor.upTo("two");
    assert.equal(world.front.connections, 1);
    visitor.close();
    await world.empty();
  }));

Deno.test("HTTP/2 does not say that it carries WebSockets: browsers open HTTP/1.1 for them", () =>
  appFronted(accepting(echo), async (world) => {
    const visitor = await RawHttp2.open(world);
    const { payload } = await visitor.until(({ type, flags }) =>
      type === FRAME.settings && flags === 0
    );
    const settings = Array.from(
      { length: payload.length / 6 },
      (_, i) => payload.readUInt16BE(6 * i),
    );
    // SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 8441 section 3).
    assert.ok(!settings.includes(8), String(settings));
    visitor.close();
  }));

/** How much is sent in all; the reader begins only once no more of it can be sent. */
const TOTAL = 256 * MiB;

/** Most that kernels on the way hold: at each of three connections 32 MiB where they arrive and 4 where they leave, as Debian has it. */
const MOST_HELD = 112 * MiB;

/** Most that the front may grow by meanwhile. */
const MOST_GROWN = 64 * MiB;

/** Sends blocks until none is taken for a while, or all were; gives how many bytes were taken. */
async function sendUntilBlocked(
  conn: Pick<Deno.Conn, "write">,
): Promise<{ sent: number; rest: Promise<void> }> {
  const block = new Uint8Array(64 * 1024);
  let sent = 0;
  const all = (async () => {
    for (; sent < TOTAL; sent += block.length) await writeAll(conn, block);
  })();
  for (let before = -1; before !== sent && sent < TOTAL;) {
    before = sent;
    await new Promise((done) => setTimeout(done, 500));
  }
  return { sent, rest: all };
}

/** Reads until all came; gives how much that is. */
async function readTotal(conn: Pick<Deno.Conn, "read">): Promise<number> {
  const buffer = new Uint8Array(256 * 1024);
  let count = 0;
  for (let n; count < TOTAL && (n = await conn.read(buffer)) !== null;) count += n;
  return count;
}

for (const direction of ["to the visitor", "to the app"] as const) {
  Deno.test(`a reader who is slow ${direction} slows the sender, and costs no memory`, async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const front = await FrontProcess.start(listener.addr.port);
    const conns: { close(): void }[] = [];
    try {
      const visiting = visitTo101({
        async visit() {
          const tcp = await Deno.connect({ hostname: "127.0.0.1", port: front.port });
          const tls = await Deno.startTls(tcp, { hostname: HOSTNAME, caCerts: [front.pem] });
          conns.push(tls);
          return tls;
        },
      });
      const app = await listener.accept();
      conns.push(app);
      await app.read(new Uint8Array(4096));
      await writeAll(app, new TextEncoder().encode(ACCEPTED));
      const visitor = await visiting;
      const [sender, reader] = direction === "to the app" ? [visitor, app] : [app, visitor];
      const before = (await front.weigh()).rss;
      const { sent, rest } = await sendUntilBlocked(sender);
      const grew = (await front.weigh()).rss - before;
      assert.ok(sent < MOST_HELD, `${sent / MiB} MiB were taken`);
      assert.ok(grew < MOST_GROWN, `the front grew by ${grew / MiB} MiB`);
      assert.equal(await readTotal(reader), TOTAL);
      await rest;
    } finally {
      conns.forEach(closeQuietly);
      listener.close();
      front.kill();
    }
  });
}
