import assert from "node:assert/strict";
import * as tls from "node:tls";
import { Hono } from "hono";
import { csrf } from "hono/csrf";
import { Authority } from "../../../../examples/conformance/authority.ts";
import { connectUpstream, parseUpstream } from "../../../../examples/client/proxy/upstream.ts";
import { writeAll } from "../../../../lib/net/splice.ts";
import { HttpExchange } from "../http_exchange.ts";
import { type Passage, passage } from "./passage.ts";

const HOST = "kaylee.glosson.localhost";

/** Asks for a path with these fields. */
async function ask(
  { visit }: Passage,
  line: string,
  fields: Record<string, string> = {},
  body = "",
): Promise<{ status: number; headers: Headers; body: string }> {
  const { exchange } = await visit();
  const all = { host: HOST, connection: "close", ...fields };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  await exchange.send(`${line} HTTP/1.1\r\n${lines.join("")}\r\n${body}`);
  return await exchange.answer();
}

/** An app that checks where forms come from, and redirects by what it takes itself to be. */
function app(): Deno.HttpServer<Deno.NetAddr> {
  const hono = new Hono();
  hono.use(csrf());
  hono.post("/form", (c) => c.text("taken"));
  hono.get("/host", (c) => c.text(c.req.header("host")!));
  hono.get("/docs", (c) => c.redirect("/docs/"));
  hono.get("/self", (c) => c.redirect(new URL("/docs/", c.req.url).href));
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, hono.fetch);
}

const FORM = { "content-type": "application/x-www-form-urlencoded", "content-length": "3" };

for (const sentHost of [undefined, "app"]) {
  const how = sentHost === undefined ? "with the visitor's Host" : "with a Host of its own";

  Deno.test(`an app ${how} redirects to the page, and not to the visitor's computer`, async () => {
    await using server = app();
    const own = `127.0.0.1:${server.addr.port}`;
    await passage(server.addr.port, async (world) => {
      const asked = await ask(world, "GET /host");
      assert.equal(asked.body, sentHost === undefined ? HOST : own);
      assert.equal((await ask(world, "GET /docs")).headers.get("location"), "/docs/");
      const self = await ask(world, "GET /self");
      assert.equal(self.headers.get("location"), `https://${HOST}/docs/`);
    }, { sentHost: sentHost && own });
  });

  Deno.test(`an app ${how} takes forms of its page, and of no other`, async () => {
    await using server = app();
    await passage(server.addr.port, async (world) => {
      const form = { ...FORM, origin: `https://${HOST}` };
      assert.equal((await ask(world, "POST /form", form, "a=1")).body, "taken");
      const evil = { ...FORM, origin: "https://evil.example" };
      assert.equal((await ask(world, "POST /form", evil, "a=1")).status, 403);
      const cross = { ...form, origin: "null", "sec-fetch-site": "cross-site" };
      assert.equal((await ask(world, "POST /form", cross, "a=1")).status, 403);
    }, { sentHost: sentHost && `127.0.0.1:${server.addr.port}` });
  });
}

/** An app at https:// with a certificate of its own making, for these names. */
async function secureApp(
  names: string[],
): Promise<Deno.HttpServer<Deno.NetAddr> & { ca: string }> {
  const authority = await Authority.create();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {}, ...await authority.pair(names) },
    (request) => new Response(`secure ${request.headers.get("host")}`),
  );
  return Object.assign(server, { ca: authority.pem });
}

Deno.test("an app at https:// with a certificate of its own takes --upstream-ca, or nothing", async () => {
  await using server = await secureApp(["localhost"]);
  const url = `https://localhost:${server.addr.port}`;
  const get = async (world: Passage): Promise<{ status: number; body: string }> =>
    await new HttpExchange((await world.visit()).conn).get("/");

  await passage(url, async (world) => {
    assert.equal((await get(world)).status, 502);
    assert.match(world.lines[0]!, /The app cannot be reached.*--upstream-ca FILE/);
  });
  for (const trust of [{ ca: server.ca }, { insecure: true }]) {
    await passage(url, async (world) => {
      const { status, body } = await get(world);
      assert.deepEqual([status, body], [200, `secure ${HOST}`]);
    }, { trust });
  }
  const other = await Authority.create();
  await passage(url, async (world) => {
    assert.equal((await get(world)).status, 502);
  }, { trust: { ca: other.pem } });
});

Deno.test("an app at https:// whose certificate is for another name is not taken for it", async () => {
  await using server = await secureApp(["another.example"]);
  const url = `https://localhost:${server.addr.port}`;
  await passage(url, async (world) => {
    const { exchange } = await world.visit();
    assert.equal((await exchange.get("/")).status, 502);
    assert.match(world.lines[0]!, /for another name; give --upstream the name that is in it/);
  }, { trust: { ca: server.ca } });
});

Deno.test("an app that is no TLS server of HTTP/1.1 is told as what it is", async () => {
  const alert = (code: number): Uint8Array => Uint8Array.of(21, 3, 3, 0, 2, 2, code);
  const faults: [answer: Uint8Array, fault: RegExp][] = [
    [new TextEncoder().encode("HTTP/1.1 400 No\r\n\r\n"), /speaks no TLS; is it http:/],
    [alert(120), /speaks no HTTP\/1\.1; --tls-upstream/],
    [alert(116), /wants a certificate of whoever asks/],
  ];
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  for (const [answer, fault] of faults) {
    await passage(`https://localhost:${listener.addr.port}`, async (world) => {
      const { exchange } = await world.visit();
      const asking = exchange.get("/");
      using conn = await listener.accept();
      await conn.read(new Uint8Array(4096));
      await writeAll(conn, answer);
      assert.equal((await asking).status, 502);
      assert.match(world.lines[0]!, fault);
    });
  }
});

Deno.test("an app that ends the connection at a request may speak TLS, and is told so", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await passage(listener.addr.port, async (world) => {
    const { exchange } = await world.visit();
    const asking = exchange.get("/");
    const conn = await listener.accept();
    await conn.read(new Uint8Array(4096));
    conn.close();
    assert.equal((await asking).status, 502);
    assert.match(world.lines[0]!, /The app gave no answer.*does it want https:/);
  });
});

Deno.test("an app at https:// carries uploads, large answers and many visitors", async () => {
  const authority = await Authority.create();
  await using server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen() {},
    ...await authority.pair(["localhost"]),
  }, (request) => new Response(request.body));
  await passage(`https://localhost:${server.addr.port}`, async ({ url }) => {
    const body = crypto.getRandomValues(new Uint8Array(65_536));
    const big = new Blob(Array.from({ length: 64 }, () => body));
    await Promise.all(Array.from({ length: 8 }, async () => {
      const answer = await (await fetch(url, { method: "POST", body: big })).bytes();
      assert.equal(answer.length, big.size);
      assert.deepEqual(answer.subarray(-65_536), body);
    }));
  }, { trust: { ca: authority.pem } });
});

Deno.test("an app at https:// that answers an upload before its end, and closes, is heard", async () => {
  const authority = await Authority.create();
  const app = tls.createServer(await authority.pair(["localhost"]), (socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      const answer = "HTTP/1.1 413 Too much\r\nContent-Length: 3\r\n\r\nbig";
      socket.write(answer, () => socket.destroy());
    });
  });
  await new Promise<void>((resolve) => app.listen(0, "127.0.0.1", resolve));
  const { port } = app.address() as { port: number };
  const upload = "a".repeat(4_000_000);
  await passage(`https://localhost:${port}`, async ({ visit }) => {
    for (let i = 0; i < 8; i++) {
      const { exchange } = await visit();
      await exchange.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${upload.length}\r\n\r\n`);
      exchange.send(upload).catch(() => {});
      const { status, body } = await exchange.answer();
      assert.deepEqual([status, body], [413, "big"]);
    }
  }, { trust: { ca: authority.pem } });
  await new Promise((resolve) => app.close(resolve));
});

Deno.test("an answer of an app at https:// that ends with the connection is whole, and ends", async () => {
  const authority = await Authority.create();
  const app = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    ...await authority.pair(["localhost"]),
  });
  const block = new Uint8Array(64 * 1024).fill(0x78);
  const blocks = 16;
  const serving = (async () => {
    const conn = await app.accept();
    await new HttpExchange(conn).head();
    await writeAll(conn, new TextEncoder().encode("HTTP/1.1 200 OK\r\n\r\n"));
    for (let i = 0; i < blocks; i++) await writeAll(conn, block);
    conn.close();
  })();
  await passage(`https://localhost:${app.addr.port}`, async ({ url }) => {
    assert.equal((await (await fetch(url)).bytes()).length, blocks * block.length);
  }, { trust: { ca: authority.pem } });
  await serving;
  app.close();
});

Deno.test("a reader who is slow slows an app at https://, of which no more than some megabytes come before", async () => {
  const authority = await Authority.create();
  const app = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    ...await authority.pair(["localhost"]),
  });
  const block = new Uint8Array(256 * 1024);
  const most = 200;
  let sent = 0;
  const serving = (async () => {
    const conn = await app.accept();
    for (; sent < most; sent++) await writeAll(conn, block);
    conn.close();
  })();
  const upstream = parseUpstream(`https://localhost:${app.addr.port}`);
  const conn = await connectUpstream(upstream, { ca: authority.pem });
  const into = new Uint8Array(block.length);
  let came = await conn.read(into) ?? 0;
  // Until it is held back: it does not go on by itself, and a busy machine may stand still once.
  for (let before = -1, still = 0; still < 4;) {
    still = before === sent ? still + 1 : 0;
    before = sent;
    await new Promise((done) => setTimeout(done, 200));
  }
  assert.ok(sent > 0, "nothing was sent");
  // What kernels hold on loopback, and some of our own.
  assert.ok(sent < most / 2, `${sent} of ${most} blocks`);
  for (let n; (n = await conn.read(into)) !== null;) came += n;
  assert.equal(came, most * block.length);
  conn.close();
  await serving;
  app.close();
});
