import assert from "node:assert/strict";
import {
  DATA_PATH_WORDS,
  dataPreface,
  PREFACE_BYTES,
  readClientMessage,
  readPreface,
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
