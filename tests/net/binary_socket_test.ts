import assert from "node:assert/strict";
import { BinarySocket } from "../../lib/net/binary_socket.ts";
import { writeAll } from "../../lib/net/splice.ts";
import type { Side } from "../../lib/wire/web_socket_frames.ts";
import { FrameReader } from "../../lib/wire/web_socket.ts";
import { pipe, readAll } from "./pipe.ts";

/** What a side sends for a message of so many bytes, by kind of frame. */
async function sentFor(bytes: number, side: Side): Promise<string[]> {
  const [peer, conn] = pipe();
  const socket = new BinarySocket(conn, undefined, side);
  const [sent] = await Promise.all([
    readAll(peer),
    writeAll(socket, new Uint8Array(bytes)).then(() => conn.closeWrite()),
  ]);
  peer.close();
  const reader = new FrameReader({ sender: side });
  const output = new Uint8Array(bytes + 1);
  const kinds: string[] = [];
  for (let rest: Uint8Array = sent;;) {
    const { used, event } = reader.read(rest, output);
    if (event.kind === "more") return kinds;
    rest = rest.subarray(used);
    kinds.push(event.kind);
  }
}

Deno.test("BinarySocket of a server sends a ping behind what is small, and that of a client none", async () => {
  assert.deepEqual(await sentFor(600, "server"), ["data", "end", "ping"]);
  assert.deepEqual(await sentFor(4_096, "server"), ["data", "end", "ping"]);
  assert.deepEqual(await sentFor(4_097, "server"), ["data", "end"]);
  assert.deepEqual(await sentFor(600, "client"), ["data", "end"]);
});
