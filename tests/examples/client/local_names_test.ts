import assert from "node:assert/strict";
import { openRelayHttp } from "../../../examples/client/relay_http.ts";
import { openLocalNamesProxy } from "../../../examples/client/local_names.ts";
import { FakeRelay } from "./fake_relay.ts";
import { HttpExchange } from "./http_exchange.ts";

Deno.test("openRelayHttp() reaches a *.localhost name that the system may not know", async () => {
  const relay = await FakeRelay.start();
  const url = new URL(`https://relay.glosson.localhost:${relay.port}`);
  const http = openRelayHttp(url, relay.authority.pem);
  relay.token = "token";
  const { client } = http;
  const response = await fetch(new URL("/v1/relay", url), { client });
  assert.equal((await response.json()).protocol, 1);
  const socket = new WebSocket(`wss://${url.host}/v1/control`, {
    headers: { authorization: "Bearer token" },
    protocols: ["glosson.v1"],
    client,
  });
  await new Promise((done) => socket.onmessage = done);
  const closed = new Promise((done) => socket.onclose = done);
  socket.close();
  await closed;
  http.close();
  await relay.stop();
});

Deno.test("openRelayHttp() still wants the certificate to be for the name", async () => {
  const relay = await FakeRelay.start();
  const url = new URL(`https://other.glosson.localhost:${relay.port}`);
  const http = openRelayHttp(url, relay.authority.pem);
  await assert.rejects(fetch(url, { client: http.client }));
  http.close();
  await relay.stop();
});

Deno.test("openRelayHttp() says when the authority is none", () => {
  assert.throws(() => openRelayHttp(new URL("https://x"), "hello"), /no PEM certificate/);
});

Deno.test("openLocalNamesProxy() takes 64 connections at once, and others once one of these has gone", async () => {
  const proxy = openLocalNamesProxy();
  const port = Number(new URL(proxy.url).port);
  const connect = () => Deno.connect({ hostname: "127.0.0.1", port });
  const conns: Deno.TcpConn[] = [];
  for (let i = 0; i < 64; i++) conns.push(await connect());
  const one = new Uint8Array(1);
  {
    using more = await connect();
    assert.equal(await more.read(one).catch(() => null), null);
  }
  const [first] = conns;
  await first!.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
  assert.equal((await new HttpExchange(first!).answer()).status, 403);
  using next = await connect();
  const exchange = new HttpExchange(next);
  await exchange.send("GET / HTTP/1.1\r\n\r\n");
  assert.equal((await exchange.answer()).status, 403);
  for (const conn of conns) conn.close();
  proxy.close();
});

Deno.test("openLocalNamesProxy() leads to this machine only", async () => {
  const proxy = openLocalNamesProxy();
  const port = Number(new URL(proxy.url).port);
  for (
    const line of [
      "CONNECT example.org:443",
      "CONNECT localhost.example.org:443",
      "CONNECT 192.0.2.1:443",
      "CONNECT notlocalhost:443",
      "GET http://a.localhost/",
    ]
  ) {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    const exchange = new HttpExchange(conn);
    await exchange.send(`${line} HTTP/1.1\r\nHost: x\r\n\r\n`);
    assert.equal((await exchange.answer()).status, 403);
    conn.close();
  }
  proxy.close();
});
