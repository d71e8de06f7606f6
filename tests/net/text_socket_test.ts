import assert from "node:assert/strict";
import { TextSocket } from "../../lib/net/text_socket.ts";
import { type Duplex, writeAll } from "../../lib/net/splice.ts";
import { bytes, type Part } from "../wire/hello_builder.ts";
import { pipe } from "./pipe.ts";

const MASK = [1, 2, 3, 4];

/** A frame of a client. */
function frame(opcode: number, payload: Part, fin = true): Uint8Array {
  const plain = bytes(payload);
  const { length } = plain;
  const size = length < 126 ? [0x80 | length] : [0xfe, length >> 8, length & 255];
  return bytes([(fin ? 0x80 : 0) | opcode], size, MASK, plain.map((b, i) => b ^ MASK[i & 3]!));
}

/** What a socket makes of frames: messages, what it sent, and the code that it ended with. */
async function served(
  frames: Uint8Array[],
  act: (socket: TextSocket) => void = () => {},
): Promise<{ messages: unknown[]; sent: string; code: number | undefined }> {
  const [peer, conn] = pipe();
  const socket = new TextSocket({ conn, rest: frames[0] ?? new Uint8Array(0), maxBytes: 300 });
  const messages: unknown[] = [];
  let code: number | undefined;
  socket.addEventListener("message", ({ data }) => messages.push(data));
  socket.addEventListener("close", (event) => code = event.code);
  act(socket);
  const running = socket.run();
  // The last of them ends the connection, if the socket has not.
  for (const each of frames.slice(1)) await writeAll(peer, each).catch(() => {});
  await peer.closeWrite().catch(() => {});
  let sent = "";
  const chunk = new Uint8Array(1024);
  for (let n = await peer.read(chunk); n !== null; n = await peer.read(chunk)) {
    sent += chunk.subarray(0, n).toHex();
  }
  peer.close();
  await running;
  assert.equal(socket.readyState, WebSocket.CLOSED);
  return { messages, sent, code };
}

const CLOSE_1000 = frame(8, [3, 0xe8]);

Deno.test("TextSocket hands on text messages, in pieces and among pings, and answers the close", async () => {
  const long = "é".repeat(150);
  const { messages, sent, code } = await served([
    bytes(frame(1, "one"), frame(1, "t", false)),
    frame(9, [7]),
    frame(0, "wo"),
    frame(1, new TextEncoder().encode(long)),
    frame(1, ""),
    CLOSE_1000,
  ]);
  assert.deepEqual(messages, ["one", "two", long, ""]);
  assert.equal(sent, "8a0107" + "880203e8");
  assert.equal(code, 1000);
});

Deno.test("TextSocket takes no more of a message than is allowed, and tells what is no text", async () => {
  const { messages } = await served([frame(1, "x".repeat(5000)), frame(2, "y"), CLOSE_1000]);
  assert.equal((messages[0] as string).length, 301);
  assert.equal(messages[1], undefined);
});

Deno.test("TextSocket ends with the right code whoever breaks the protocol", async () => {
  const cases: [Uint8Array[], string, number | undefined][] = [
    [[frame(1, [0xff])], "880203ef", 1007],
    [[frame(1, "x", false), frame(1, "y")], "880203ea", 1002],
    [[frame(8, [3, 0xec])], "880203ea", 1002],
    [[frame(8, "")], "880203e8", 1005],
    // Gone without a close.
    [[frame(1, "x")], "", 1006],
  ];
  for (const [frames, sent, code] of cases) {
    const got = await served(frames);
    assert.deepEqual([got.sent, got.code], [sent, code]);
  }
});

Deno.test("TextSocket sends text with a ping behind it, pings and a close of its own, and nothing behind that", async () => {
  const { sent, messages, code } = await served([frame(1, "late"), CLOSE_1000], (socket) => {
    socket.send("hi");
    socket.ping();
    assert.ok(socket.bufferedAmount > 0);
    socket.close(4400, "why");
    socket.send("never");
    socket.ping();
  });
  assert.equal(sent, "81026869" + "8900" + "8900" + "88051130" + "776879");
  assert.deepEqual(messages, []);
  assert.equal(code, 1000);
});

Deno.test("TextSocket writes what it sends in one turn of the event loop at once, with one ping", async () => {
  const [peer, conn] = pipe();
  const writes: string[] = [];
  const counted: Duplex = {
    read: (p) => conn.read(p),
    write(p) {
      writes.push(p.toHex());
      return conn.write(p);
    },
    closeWrite: () => conn.closeWrite(),
    close: () => conn.close(),
  };
  const socket = new TextSocket({ conn: counted, rest: new Uint8Array(0), maxBytes: 300 });
  const running = socket.run();
  for (const text of ["a", "b", "c"]) socket.send(text);
  const sent = new Uint8Array(64);
  assert.equal(await peer.read(sent), 11);
  socket.send("d");
  assert.equal(await peer.read(sent), 5);
  assert.deepEqual(writes, ["810161" + "8900" + "810162" + "810163", "810164" + "8900"]);
  peer.close();
  await running;
  assert.equal(socket.bufferedAmount, 0);
});
