import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { writeAll } from "../../../../lib/net/splice.ts";
import { HttpExchange } from "../http_exchange.ts";
import { ManualClock } from "../../../manual_clock.ts";
import { APP_SILENCE_MS } from "../../../../examples/client/proxy/pass.ts";
import { until } from "../front/fronted.ts";
import { passage, rawApp } from "./passage.ts";

Deno.test("upstreamHandler() passes a compressed body as it is, and every cookie", () =>
  rawApp(async (exchange) => {
    await exchange.request();
    await exchange.send(
      "HTTP/1.1 201 Made up\r\nContent-Encoding: gzip\r\nContent-Type: text/plain\r\n" +
        "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 7\r\nX-Hop: 1\r\n" +
        "Connection: close, x-hop\r\nKeep-Alive: timeout=5\r\n\r\nnotgzip",
    );
  }, async ({ port }) => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    const { status, headers, body } = await new HttpExchange(conn).get("/", {
      "accept-encoding": "gzip",
    });
    assert.equal(status, 201);
    assert.equal(body, "notgzip");
    assert.equal(headers.get("content-encoding"), "gzip");
    assert.deepEqual(headers.getSetCookie(), ["a=1", "b=2"]);
    assert.equal(headers.get("x-hop"), null);
    assert.equal(headers.get("keep-alive"), null);
    conn.close();
  }));

Deno.test("upstreamHandler() keeps the length of an upload and the visitor's path", () => {
  let head = "";
  return rawApp(async (exchange) => {
    const asked = await exchange.request();
    head = asked.head;
    await exchange.send(`HTTP/1.1 200 OK\r\nContent-Length: ${asked.body.length}\r\n\r\n`);
    await exchange.send(asked.body);
  }, async ({ url }) => {
    const body = "b".repeat(100_000);
    const response = await fetch(`${url}/a%2Fb//c?d=%20&e`, { method: "PUT", body });
    assert.equal(await response.text(), body);
    assert.match(head, /^PUT \/a%2Fb\/\/c\?d=%20&e HTTP\/1\.1\r\n/);
    assert.match(head, /content-length: 100000\r\n/i);
    assert.doesNotMatch(head, /transfer-encoding/i);
  });
});

Deno.test("upstreamHandler() waits for the answer behind any number of interim ones", () =>
  rawApp(async (exchange) => {
    await exchange.request();
    await exchange.send("HTTP/1.1 102 Processing\r\n\r\n".repeat(150));
    await exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell");
  }, async ({ port }) => {
    using conn = await Deno.connect({ hostname: "127.0.0.1", port });
    await writeAll(
      conn,
      new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
    );
    const said = await new Response(conn.readable).text();
    assert.equal(said.split("HTTP/1.1 102 Processing\r\n\r\n").length - 1, 150);
    assert.match(said, /HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nwell$/);
  }));

Deno.test("upstreamHandler() answers while an upload goes on", () =>
  rawApp(async (exchange) => {
    await exchange.head();
    await exchange.bytes(10_000);
    await exchange.send("HTTP/1.1 413 Too much\r\nContent-Length: 3\r\n\r\nbig");
  }, async ({ port }) => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    const exchange = new HttpExchange(conn);
    await exchange.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
    await exchange.send("a".repeat(10_000));
    const { status, body } = await exchange.answer();
    assert.deepEqual([status, body], [413, "big"]);
    conn.close();
  }));

for (const status of [204, 304]) {
  Deno.test(`upstreamHandler() passes ${status}, which has no body`, () =>
    rawApp(async (exchange) => {
      await exchange.request();
      await exchange.send(`HTTP/1.1 ${status} X\r\nETag: "x"\r\n\r\n`);
    }, async ({ url }) => {
      const response = await fetch(url);
      assert.equal(response.status, status);
      assert.equal(response.headers.get("etag"), '"x"');
      assert.equal(await response.text(), "");
    }));
}

Deno.test("upstreamHandler() passes the head of an answer to HEAD", () =>
  rawApp(async (exchange) => {
    const { head } = await exchange.request();
    assert.match(head, /^HEAD /);
    await exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n");
  }, async ({ url }) => {
    const response = await fetch(url, { method: "HEAD" });
    assert.equal(response.status, 200);
    assert.equal(await response.text(), "");
  }));

Deno.test("upstreamHandler() passes a redirect instead of following it", () =>
  rawApp(async (exchange) => {
    await exchange.request();
    await exchange.send(
      "HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n",
    );
  }, async ({ url }) => {
    const response = await fetch(url, { redirect: "manual" });
    assert.equal(response.headers.get("location"), "http://192.0.2.1/");
    await response.body?.cancel();
  }));

Deno.test("upstreamHandler() passes events as they come", () => {
  const second = Promise.withResolvers<void>();
  return rawApp(async (exchange) => {
    await exchange.request();
    await exchange.send(
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n",
    );
    await second.promise;
    await exchange.send("data: 2\n\n");
  }, async ({ url }) => {
    const reader = (await fetch(url)).body!.pipeThrough(new TextDecoderStream()).getReader();
    assert.equal((await reader.read()).value, "data: 1\n\n");
    second.resolve();
    assert.equal((await reader.read()).value, "data: 2\n\n");
    assert.equal((await reader.read()).done, true);
  });
});

Deno.test("upstreamHandler() leaves the app when the visitor leaves before the answer", () => {
  const asked = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  return rawApp(async (exchange) => {
    await exchange.request();
    asked.resolve();
    await exchange.ended();
    left.resolve();
  }, async ({ url, leave, lines }) => {
    const answer = fetch(url);
    await asked.promise;
    leave();
    await left.promise;
    await assert.rejects(answer);
    assert.deepEqual(lines, []);
  });
});

Deno.test("upstreamHandler() leaves the app when the visitor leaves within the answer", () => {
  const left = Promise.withResolvers<void>();
  return rawApp(async (exchange, conn) => {
    await exchange.request();
    await exchange.send("HTTP/1.1 200 OK\r\n\r\n");
    const chunk = new Uint8Array(64 * 1024);
    try {
      while (true) await writeAll(conn, chunk);
    } catch {
      left.resolve();
    }
  }, async ({ url }) => {
    const response = await fetch(url);
    const reader = response.body!.getReader();
    await reader.read();
    await reader.cancel();
    await left.promise;
  });
});

Deno.test("upstreamHandler() does not take a torn answer for a whole one", () =>
  rawApp(async (exchange) => {
    await exchange.request();
    await exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  }, async ({ url }) => {
    await assert.rejects(fetch(url).then((response) => response.text()));
  }));

Deno.test("upstreamHandler() says 502 when nothing listens", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await passage(port, async ({ url, visit }) => {
    const response = await fetch(url);
    assert.equal(response.status, 502);
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.match(await response.text(), /not running/);
    const { exchange } = await visit();
    await exchange.send("TRACE / HTTP/1.1\r\nHost: kaylee.example\r\n\r\n");
    assert.equal((await exchange.answer()).status, 502);
  });
});

Deno.test("upstreamHandler() says 502 at once when what listens speaks first, and no HTTP", async () => {
  const { schedule } = new ManualClock();
  const { promise: asked, resolve: end } = Promise.withResolvers<void>();
  await rawApp(async (exchange) => {
    await exchange.send("SSH-2.0-OpenSSH_9.6\r\n");
    await asked;
  }, async ({ url }) => {
    const response = await fetch(url);
    await response.body?.cancel();
    end();
    assert.equal(response.status, 502);
  }, { schedule });
});

Deno.test("upstreamHandler() passes many megabytes both ways", async () => {
  const app = createServer((request, response) => void request.pipe(response));
  await new Promise<void>((done) => app.listen(0, "127.0.0.1", done));
  try {
    await passage((app.address() as AddressInfo).port, async ({ url }) => {
      const body = crypto.getRandomValues(new Uint8Array(65_536));
      const big = new Blob(Array.from({ length: 512 }, () => body));
      const answer = await (await fetch(url, { method: "POST", body: big })).arrayBuffer();
      assert.equal(answer.byteLength, big.size);
      assert.deepEqual(new Uint8Array(answer, 511 * 65_536), body);
    });
  } finally {
    await new Promise((done) => app.close(done));
  }
});

/** Resolves with the next event of a kind. */
function event<K extends keyof WebSocketEventMap>(
  socket: WebSocket,
  kind: K,
): Promise<WebSocketEventMap[K]> {
  return new Promise((done) => socket.addEventListener(kind, done, { once: true }));
}

/** An app with a WebSocket that greets, echoes, and closes when it is told to. */
function echoApp(seen: Request[] = []): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    seen.push(new Request(request.url, { headers: [...request.headers] }));
    if (request.headers.get("upgrade") === null) return new Response("no", { status: 403 });
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "chat" });
    socket.onopen = () => socket.send("hello");
    socket.onmessage = ({ data }) =>
      data === "close" ? socket.close(4321, "why") : socket.send(data);
    return response;
  });
}

Deno.test("upstreamHandler() passes WebSockets", async () => {
  const seen: Request[] = [];
  await using app = echoApp(seen);
  await passage(app.addr.port, async ({ port }) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/live?x=1`, {
      protocols: ["other", "chat"],
      headers: { cookie: "a=1", "x-forwarded-for": "192.0.2.1" },
    });
    socket.binaryType = "arraybuffer";
    assert.equal((await event(socket, "message")).data, "hello");
    assert.equal(socket.protocol, "chat");
    socket.send("text ✓");
    assert.equal((await event(socket, "message")).data, "text ✓");
    const big = crypto.getRandomValues(new Uint8Array(60_000));
    socket.send(big);
    assert.deepEqual(new Uint8Array((await event(socket, "message")).data), big);
    const closed = event(socket, "close");
    socket.send("close");
    const { code, reason } = await closed;
    assert.deepEqual([code, reason], [4321, "why"]);
  });
  assert.equal(new URL(seen[0]!.url).pathname, "/live");
  assert.equal(seen[0]!.headers.get("cookie"), "a=1");
  assert.equal(seen[0]!.headers.get("x-forwarded-for"), "203.0.113.9");
});

Deno.test("upstreamHandler() carries a visitor's close to the app's WebSocket", async () => {
  const closed = Promise.withResolvers<CloseEvent>();
  await using app = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onclose = closed.resolve;
    return response;
  });
  await passage(app.addr.port, async ({ port }) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
    await event(socket, "open");
    const over = event(socket, "close");
    socket.close(3333, "bye");
    const { code, reason } = await closed.promise;
    assert.deepEqual([code, reason], [3333, "bye"]);
    await over;
  });
});

Deno.test("upstreamHandler() drops of a visitor's trailers what it drops of the head", () => {
  let body = "";
  return rawApp(async (exchange) => {
    await exchange.head();
    body = await exchange.head();
    await exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  }, async ({ visit }) => {
    const { exchange } = await visit();
    await exchange.send(
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n" +
        "X-Forwarded-For: 127.0.0.1\r\nX_Real_IP: 127.0.0.1\r\nHost: y\r\nContent-Length: 9\r\n" +
        "Transfer-Encoding: chunked\r\nX-Sum: 1\r\n\r\n",
    );
    assert.equal((await exchange.answer()).status, 200);
    assert.equal(body, "2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n");
  });
});

Deno.test("upstreamHandler() takes no more trailers than a head may have fields", () =>
  rawApp(async (exchange) => {
    await exchange.ended();
  }, async ({ visit }) => {
    const { exchange } = await visit();
    const trailer = `X-Long: ${"a".repeat(10_000)}\r\n`;
    await exchange.send(
      `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${
        trailer.repeat(10)
      }\r\n`,
    );
    assert.equal((await exchange.answer()).status, 400);
  }));

Deno.test("upstreamHandler() passes a target whose bytes are white space to others", () => {
  let head = "";
  return rawApp(async (exchange) => {
    ({ head } = await exchange.request());
    await exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  }, async ({ visit }) => {
    const { exchange } = await visit();
    // The second byte of "à" alone is a no-break space.
    await exchange.send("GET /voilà HTTP/1.1\r\nHost: x\r\n\r\n");
    assert.equal((await exchange.answer()).status, 200);
    assert.match(head, /^GET \/voil\xc3\xa0 HTTP/);
  });
});

Deno.test("upstreamHandler() waits no more for an app that closed, whatever of an upload follows", () => {
  const clock = new ManualClock();
  return rawApp(async (exchange) => {
    await exchange.head();
  }, async ({ visit }) => {
    const { conn, exchange } = await visit();
    await exchange.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n");
    assert.equal((await exchange.answer()).status, 502);
    await exchange.send("a");
    await conn.closeWrite();
    // The visitor's limits end with the connection.
    await until(() => clock.remaining.every((ms) => ms === APP_SILENCE_MS));
    assert.equal(clock.waiting, 0);
  }, { schedule: clock.schedule });
});
