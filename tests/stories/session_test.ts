import assert from "node:assert/strict";
import { exchangeRaw } from "./raw_https.ts";
import { type Relay, startRelay } from "./relay.ts";
import { helloFor, rest, send } from "./hub_visitor.ts";
import {
  apiOf,
  connectControl,
  dialData,
  readJoin,
  serveUser,
  signUp,
  type User,
  visit,
} from "./user.ts";

Deno.test("a second session of a user replaces the first", async () => {
  await using relay = await startRelay();
  const user = await signUp(relay, "kaylee");
  const first = await connectControl(relay, user);
  await using _second = await serveUser(relay, user, () => new Response("second"));
  assert.deepEqual(await first.next("goodbye"), {
    type: "goodbye",
    reason: "replaced",
    retryAfterMs: null,
  });
  assert.equal((await first.closed).code, 4409);
  assert.equal((await visit(relay, user.hostname)).body, "second");
});

Deno.test("a user may open hundreds of sessions in a row, and then one a second, as others may", async () => {
  await using relay = await startRelay({ settings: { LOG_LEVEL: "info" } });
  const [kaylee, simon] = [await signUp(relay, "kaylee"), await signUp(relay, "simon")];
  const api = apiOf(relay);
  using _client = api.client;
  const open = (user: User) => api.request("GET", "/v1/control", { token: user.token });
  let opened = 0;
  let answer = await open(kaylee);
  // What is asked for without a handshake counts as well, and comes sooner.
  for (; answer.status === 426 && opened < 5_000; opened++) answer = await open(kaylee);
  assert.equal(answer.status, 429);
  assert.equal(answer.headers.get("Retry-After"), "1");
  assert.ok(opened >= 600, `${opened}`);
  await using _link = await connectControl(relay, simon);
});

Deno.test("bad messages close the session with 4400", async () => {
  await using relay = await startRelay();
  const user = await signUp(relay, "kaylee");
  const bad: (string | Uint8Array<ArrayBuffer>)[] = [
    "not json",
    '{"type":"pool","size":65}',
    new Uint8Array(3),
    JSON.stringify({ type: "x", filler: "y".repeat(17_000) }),
  ];
  for (const message of bad) {
    const link = await connectControl(relay, user);
    link.socket.send(message);
    const goodbye = await link.next("goodbye");
    assert.equal(goodbye.reason, "protocol");
    assert.equal((await link.closed).code, 4400);
  }
  await using link = await connectControl(relay, user);
  link.send({ type: "unknown", of: "a later version" });
  link.send({ type: "pool", size: 1, more: true });
  assert.equal((await link.next("tickets")).tickets.length, 1);
});

Deno.test("the control address asks for a token, then for a WebSocket of its subprotocol", async () => {
  await using relay = await startRelay();
  const user = await signUp(relay, "kaylee");
  const api = apiOf(relay);
  using _client = api.client;
  assert.equal((await api.request("GET", "/v1/control")).status, 401);
  const plain = await api.request("GET", "/v1/control", { token: user.token });
  assert.equal(plain.status, 426);
  assert.equal(plain.body.type, "urn:glosson:problem:upgrade-required");
  assert.equal(plain.headers.get("sec-websocket-version"), "13");

  // By hand: what is not whole is told what it lacks, under one status (RFC 6455 section 4.2.1).
  const whole = {
    "Authorization": `Bearer ${user.token}`,
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": "glosson.v1",
  };
  const faults: [field: string, value: string | undefined, says: RegExp][] = [
    ["Upgrade", undefined, /send Upgrade: websocket\./],
    ["Connection", "keep-alive", /send Connection: Upgrade\./],
    ["Sec-WebSocket-Version", "8", /send Sec-WebSocket-Version: 13\./],
    ["Sec-WebSocket-Key", undefined, /send Sec-WebSocket-Key: 16 bytes in base64\./],
    ["Sec-WebSocket-Key", "", /send Sec-WebSocket-Key: 16 bytes in base64\./],
    ["Sec-WebSocket-Key", "dG9vIHNob3J0", /send Sec-WebSocket-Key: 16 bytes in base64\./],
    ["Sec-WebSocket-Protocol", "chat", /send Sec-WebSocket-Protocol: glosson\.v1\./],
    ["X-Long", "x".repeat(5_000), /in a head of at most 4 KiB and without a body\./],
  ];
  for (const [field, value, says] of faults) {
    const fields = Object.entries({ ...whole, [field]: value })
      .filter(([, value]) => value !== undefined).map(([name, value]) => `${name}: ${value}`);
    const head = ["GET /v1/control HTTP/1.1", "Host: localhost", ...fields, "", ""].join("\r\n");
    const target = { listener: "control", serverName: "localhost" } as const;
    const [answer] = await exchangeRaw(relay, target, [head], { count: 1 });
    assert.equal(answer?.status, 426, `${field}: ${value}`);
    assert.match(JSON.parse(answer!.body).detail, says);
    assert.equal(answer!.headers.get("sec-websocket-version"), "13");
  }
});

Deno.test("an upgrade that says it has no body, as Java's does, is told why it is refused", async () => {
  await using relay = await startRelay();
  for (
    const [path, fields, status] of [
      ["/v1/control", ["Authorization: Bearer revoked", "Sec-WebSocket-Protocol: glosson.v1"], 401],
      ["/v1/data", ["Sec-WebSocket-Protocol: chat"], 426],
    ] as const
  ) {
    const head = [
      `GET ${path} HTTP/1.1`,
      "Connection: Upgrade",
      "Content-Length: 0",
      "Host: localhost",
      "Upgrade: websocket",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      "Sec-WebSocket-Version: 13",
      ...fields,
      "\r\n",
    ].join("\r\n");
    const target = { listener: "control", serverName: "localhost" } as const;
    const [answer] = await exchangeRaw(relay, target, [head], { count: 1 });
    assert.equal(answer?.status, status, path);
  }
});

/** Opens a control WebSocket by hand: what is read begins with the answer's head. */
async function upgrade(relay: Relay, user: User): Promise<Deno.TlsConn> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: relay.ports.control! });
  const tls = await Deno.startTls(conn, {
    hostname: "localhost",
    caCerts: [relay.ca],
    alpnProtocols: ["http/1.1"],
  });
  await tls.write(
    new TextEncoder().encode(
      [
        "GET /v1/control HTTP/1.1",
        "Host: localhost",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: glosson.v1",
        `Authorization: Bearer ${user.token}`,
        "\r\n",
      ].join("\r\n"),
    ),
  );
  return tls;
}

Deno.test("a client that breaks the WebSocket protocol is offline, and its connection closed", async (t) => {
  await using relay = await startRelay();
  // Frames are masked with zeros, which leave the payload as it is (RFC 6455 section 5.3).
  const broken: Record<string, number[]> = {
    "a reserved bit": [0xc1, 0x80, 0, 0, 0, 0],
    "a reserved opcode": [0x83, 0x80, 0, 0, 0, 0],
    "text that is no UTF-8": [0x81, 0x81, 0, 0, 0, 0, 0xff],
    "a ping in pieces": [0x09, 0x80, 0, 0, 0, 0],
  };
  for (const [i, [name, frame]] of Object.entries(broken).entries()) {
    await t.step(name, async () => {
      const user = await signUp(relay, `kaylee${i}`);
      using tls = await upgrade(relay, user);
      await relay.logged("client online", { username: user.username });
      await tls.write(Uint8Array.from(frame));
      await relay.logged("client offline", { username: user.username });
      // Ends, and so did the relay's side of the connection.
      const p = new Uint8Array(4096);
      while (await tls.read(p).catch(() => null) !== null);
    });
  }
});

Deno.test("a client may ping as often as it likes", async () => {
  await using relay = await startRelay();
  const user = await signUp(relay, "kaylee");
  using tls = await upgrade(relay, user);
  await readUntil(tls, '"online"');
  // More bytes than a message without an end may have.
  for (let i = 0; i < 800; i++) {
    const payload = new TextEncoder().encode(String(i).padStart(125, "."));
    await tls.write(Uint8Array.from([0x89, 0x80 | 125, 0, 0, 0, 0, ...payload]));
    await readUntil(tls, `..${i}`);
  }
});

/** Reads until a text has come. */
async function readUntil(conn: Pick<Deno.Conn, "read">, wanted: string): Promise<void> {
  const p = new Uint8Array(4096);
  for (let text = ""; !text.includes(wanted);) {
    const n = await conn.read(p);
    assert.ok(n !== null, "the connection has ended");
    text += String.fromCharCode(...p.subarray(0, n));
  }
}

Deno.test("a client that vanishes without a FIN is offline within 30 s, and with it whom it did not answer", async () => {
  await using relay = await startRelay({ settings: { ANSWER_SECONDS: "600" } });
  const user = await signUp(relay, "kaylee");
  // A peer that upgrades and then never says another word, not even a pong.
  using tls = await upgrade(relay, user);
  const started = performance.now();
  const frames: { opcode: number; at: number; payload: Uint8Array }[] = [];
  let buffer: number[] = [];
  let answered = false;
  let visitor: Deno.TcpConn | undefined;
  let joining: Promise<Deno.TcpConn> | undefined;
  const p = new Uint8Array(4096);
  for (
    let n = await tls.read(p).catch(() => null);
    n !== null;
    n = await tls.read(p).catch(() => null)
  ) {
    buffer.push(...p.subarray(0, n));
    if (!answered) {
      const head = new TextDecoder().decode(Uint8Array.from(buffer));
      const end = head.indexOf("\r\n\r\n");
      if (end === -1) continue;
      assert.match(head, /^HTTP\/1\.1 101 /);
      assert.match(head, /sec-websocket-protocol: glosson\.v1/i);
      buffer = buffer.slice(end + 4);
      answered = true;
    }
    // Short frames of a server: two bytes of head, no mask (RFC 6455 section 5.2).
    while (buffer.length >= 2) {
      const length = buffer[1] === 126 ? buffer[2]! * 256 + buffer[3]! : buffer[1]!;
      const head = buffer[1] === 126 ? 4 : 2;
      if (buffer.length < head + length) break;
      const payload = Uint8Array.from(buffer.slice(head, head + length));
      frames.push({ opcode: buffer[0]! & 15, at: performance.now() - started, payload });
      buffer = buffer.slice(head + length);
      const text = new TextDecoder().decode(payload);
      if (text.includes('"online"')) visitor = await send(relay, [helloFor(user.hostname)]);
      if (text.includes('"connect"')) joining = dialData(relay, JSON.parse(text).ticket);
    }
  }
  const [first] = frames;
  assert.match(new TextDecoder().decode(first!.payload), /"type":"online"/);
  // One behind each message takes the acknowledgement along; the others are the heartbeat's.
  const behind = frames.filter((_, i) => frames[i - 1]?.opcode === 1);
  assert.ok(behind.length >= 2 && behind.every(({ opcode }) => opcode === 9));
  const ping = frames.find((f) => f.opcode === 9 && !behind.includes(f));
  assert.ok(ping && ping.at > 14_000 && ping.at < 17_000, `ping at ${ping?.at}`);
  const close = frames.find((f) => f.opcode === 8);
  assert.ok(close && close.at < 31_000, `close at ${close?.at}`);
  assert.equal(close.payload[0]! * 256 + close.payload[1]!, 4408);
  await relay.logged("client offline", { username: "kaylee", code: 4408 });
  using client = (await joining)!;
  assert.deepEqual((await readJoin(client)).rest, helloFor(user.hostname));
  assert.equal(await rest(client), "");
  assert.equal(await rest(visitor!), "");
  visitor!.close();
  const away = await visit(relay, user.hostname);
  assert.equal(away.status, 503);
});

Deno.test("a visitor waits for a user who is coming back", async () => {
  await using relay = await startRelay();
  const user = await signUp(relay, "kaylee");
  await (await connectControl(relay, user))[Symbol.asyncDispose]();
  await relay.logged("client offline", { username: "kaylee" });
  const visiting = visit(relay, user.hostname);
  await using _server = await serveUser(relay, user, () => new Response("back again"));
  assert.equal((await visiting).body, "back again");
});

Deno.test("a relay that stops sends its clients away to come back", async () => {
  await using relay = await startRelay();
  const link = await connectControl(relay, await signUp(relay, "kaylee"));
  const stopping = relay.stop();
  const goodbye = await link.next("goodbye");
  assert.equal(goodbye.reason, "draining");
  assert.ok(goodbye.retryAfterMs >= 500 && goodbye.retryAfterMs < 750, `${goodbye.retryAfterMs}`);
  assert.equal((await link.closed).code, 1012);
  assert.equal((await stopping).code, 0);
});

Deno.test("a client that leaves in order sees the closing handshake to its end", async () => {
  await using relay = await startRelay();
  const link = await connectControl(relay, await signUp(relay, "kaylee"));
  link.socket.close(1000, "bye");
  const { code, wasClean } = await link.closed;
  assert.deepEqual({ code, wasClean }, { code: 1000, wasClean: true });
});

Deno.test("a message that never ends is cut off before it fills the memory", async () => {
  await using relay = await startRelay();
  const user = await signUp(relay, "kaylee");
  const link = await connectControl(relay, user);
  link.socket.send("x".repeat(8 * 1024 * 1024));
  const { code } = await link.closed;
  assert.notEqual(code, 1000);
  await relay.logged("client offline", { username: "kaylee" });
  // The reference behaviour goes on: the next session is as good as any.
  await using again = await connectControl(relay, user);
  again.send({ type: "pool", size: 1 });
  assert.equal((await again.next("tickets")).tickets.length, 1);
});
