import assert from "node:assert/strict";
import {
  DATA_PATH_WORDS,
  dataPreface,
  PREFACE_BYTES,
  readClientMessage,
  readPreface,
  readRelayMessage,
} from "../../lib/wire/messages.ts";

const TICKET = "AAAAAAAAAAAAAAAAAAAA-_";

Deno.test("readClientMessage() reads what clients may say and drops members it does not know", () => {
  assert.deepEqual(readClientMessage('{"type":"pool","size":64,"more":1}'), {
    state: "message",
    message: { type: "pool", size: 64 },
  });
  assert.deepEqual(readClientMessage(`{"type":"refuse","ticket":"${TICKET}","reason":"busy"}`), {
    state: "message",
    message: { type: "refuse", ticket: TICKET, reason: "busy" },
  });
});

Deno.test("readClientMessage() takes or leaves what a client says of the data port", () => {
  for (const dataPath of DATA_PATH_WORDS) {
    const frame = JSON.stringify({ type: "pool", size: 4, dataPath });
    const message = { type: "pool", size: 4, dataPath };
    assert.deepEqual(readClientMessage(frame), { state: "message", message });
  }
  for (const dataPath of ["from the future", 1, null, {}]) {
    const read = readClientMessage(JSON.stringify({ type: "pool", size: 4, dataPath }));
    assert.ok(read.state === "message" && read.message.type === "pool");
    assert.deepEqual([read.message.size, read.message.dataPath], [4, undefined]);
  }
});

Deno.test("readClientMessage() ignores types it does not know", () => {
  assert.deepEqual(readClientMessage('{"type":"hello","size":-1}'), { state: "ignored" });
});

Deno.test("readClientMessage() refuses what the protocol does not allow", () => {
  const cases = [
    "",
    "pool",
    "[]",
    "null",
    "1",
    "{}",
    '{"type":1}',
    '{"type":"pool"}',
    '{"type":"pool","size":65}',
    '{"type":"pool","size":-1}',
    '{"type":"pool","size":1.5}',
    '{"type":"pool","size":"4"}',
    '{"type":"refuse"}',
    '{"type":"refuse","ticket":"short"}',
    JSON.stringify({ type: "x", filler: "a".repeat(16 * 1024) }),
    JSON.stringify({ type: "x", filler: "é".repeat(8 * 1024) }),
  ];
  for (const frame of cases) {
    assert.equal(readClientMessage(frame).state, "bad", frame.slice(0, 60));
  }
});

/** The message in a frame of the relay; the state of any other frame. */
function relaySays(message: unknown): unknown {
  const read = readRelayMessage(JSON.stringify(message));
  return read.state === "message" ? read.message : read.state;
}

const ONLINE = { type: "online", hostname: "kaylee.test", dataHost: "relay.test", dataPort: 9000 };

Deno.test("readRelayMessage() reads what the relay may say and drops members it does not know", () => {
  const url = "https://kaylee.test:4430";
  const visitor = { address: "192.0.2.7", port: 50_000 };
  const connect = { type: "connect", ticket: TICKET, visitor, expiresInMs: 10_000 };
  const tickets = { type: "tickets", tickets: [TICKET, TICKET] };
  for (
    const message of [
      { ...ONLINE, url },
      { ...ONLINE, url, dataHost: "2001:db8::1" },
      connect,
      { ...connect, dataHost: "192.0.2.9", dataPort: 9001 },
      tickets,
      { ...tickets, dataHost: "data.test" },
      { type: "visitors", answered: false },
      ...["replaced", "draining", "revoked", "protocol"].map((reason) => (
        { type: "goodbye", reason, retryAfterMs: 1_000 }
      )),
      { type: "goodbye", reason: "revoked", retryAfterMs: null },
    ]
  ) {
    assert.deepEqual(relaySays(message), message);
    assert.deepEqual(relaySays({ ...message, more: 1 }), message);
  }
});

Deno.test("readRelayMessage() does without what it need not have", () => {
  const online = { ...ONLINE, url: "https://kaylee.test" };
  for (
    const url of [
      undefined,
      7,
      "kaylee.test",
      "http://kaylee.test",
      "https://a:b@kaylee.test",
      "https://kaylee.test/ä",
    ]
  ) {
    assert.deepEqual(relaySays({ ...ONLINE, url }), online, String(url));
  }
  const connect = { type: "connect", ticket: TICKET };
  const unknown = { ...connect, visitor: { address: "", port: 0 }, expiresInMs: 60_000 };
  assert.deepEqual(relaySays(connect), unknown);
  for (const visitor of [null, 7, {}, { address: 7, port: 65_536 }]) {
    for (const expiresInMs of [-1, 0, "1", null, 60_001]) {
      assert.deepEqual(relaySays({ ...connect, visitor, expiresInMs }), unknown);
    }
  }
  const more = [TICKET, "short", 7, null, ...Array(80).fill(TICKET)];
  assert.deepEqual(relaySays({ type: "tickets", tickets: more }), {
    type: "tickets",
    tickets: Array(61).fill(TICKET),
  });
  const nulls = { dataHost: null, dataPort: null };
  assert.deepEqual(relaySays({ type: "tickets", tickets: [], ...nulls }), {
    type: "tickets",
    tickets: [],
    dataHost: undefined,
    dataPort: undefined,
  });
  for (const retryAfterMs of [undefined, -1, "5", {}]) {
    assert.deepEqual(relaySays({ type: "goodbye", reason: "moved", retryAfterMs }), {
      type: "goodbye",
      reason: "protocol",
      retryAfterMs: 0,
    });
  }
});

Deno.test("readRelayMessage() ignores types it does not know", () => {
  assert.equal(relaySays({ type: "hello", dataPort: -1 }), "ignored");
});

Deno.test("readRelayMessage() refuses what the protocol does not allow", () => {
  const connect = { type: "connect", ticket: TICKET };
  for (
    const message of [
      null,
      [],
      "online",
      {},
      { type: 1 },
      ...["hostname", "dataHost"].flatMap((name) =>
        [undefined, "", "a b", 7, "x".repeat(256)].map((host) => ({ ...ONLINE, [name]: host }))
      ),
      ...[undefined, 0, 65_536, 1.5, "1"].map((dataPort) => ({ ...ONLINE, dataPort })),
      { type: "connect" },
      { ...connect, ticket: "short" },
      { ...connect, dataHost: 7 },
      { ...connect, dataPort: 0 },
      { type: "tickets" },
      { type: "tickets", tickets: {} },
      { type: "tickets", tickets: [], dataHost: "" },
      { type: "x", filler: "a".repeat(16 * 1024) },
    ]
  ) {
    assert.equal(relaySays(message), "bad", JSON.stringify(message).slice(0, 80));
  }
  assert.equal(readRelayMessage(new ArrayBuffer(8)).state, "bad");
  assert.equal(readRelayMessage('{"type":').state, "bad");
});

Deno.test("readPreface() takes exactly the 33 bytes", () => {
  const good = dataPreface(TICKET);
  assert.equal(good.length, 33);
  assert.equal(PREFACE_BYTES, 33);
  assert.equal(readPreface(good), TICKET);
  const wrong: [string, string][] = [
    ["short", `GLOSSON/1 ${TICKET}`],
    ["version", `GLOSSON/2 ${TICKET}\n`],
    ["no newline", `GLOSSON/1 ${TICKET} `],
    ["padding", `GLOSSON/1 ${TICKET.slice(1)}=\n`],
    ["base64", `GLOSSON/1 ${TICKET.slice(1)}+\n`],
    ["lower case", `glosson/1 ${TICKET}\n`],
  ];
  for (const [name, text] of wrong) {
    assert.equal(readPreface(new TextEncoder().encode(text)), undefined, name);
  }
});
