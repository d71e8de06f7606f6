import assert from "node:assert/strict";
import { FRAME_HEADER_BYTES } from "../../../../examples/client/http2/frames.ts";
import { FrameSender } from "../../../../examples/client/http2/sender.ts";
import type { Http2Stream } from "../../../../examples/client/http2/stream.ts";

const MEBIBYTE = 1024 * 1024;

Deno.test("FrameSender lays every batch of data in the memory of the one before", async () => {
  const memories = new Set<ArrayBufferLike>();
  const sums: number[] = [];
  const sender = new FrameSender({
    write(bytes) {
      memories.add(bytes.buffer);
      sums.push(bytes.length);
      return Promise.resolve(bytes.length);
    },
  });
  sender.opened(MEBIBYTE);
  const stream = { id: 1, sendWindow: MEBIBYTE, over: new AbortController().signal } as Http2Stream;
  await sender.data(stream, new Uint8Array(MEBIBYTE / 2));
  await sender.data(stream, new Uint8Array(MEBIBYTE / 2));
  assert.equal(memories.size, 1);
  const frames = MEBIBYTE / sender.maxFrameBytes;
  assert.equal(sums.reduce((a, b) => a + b, 0), MEBIBYTE + frames * FRAME_HEADER_BYTES);
});

Deno.test("FrameSender uses memory no more of which a write failed: it may still be read", async () => {
  const memories: ArrayBufferLike[] = [];
  const fails = new FrameSender({
    write(bytes) {
      memories.push(bytes.buffer);
      return Promise.reject(new Error("broken"));
    },
  });
  const stream = { id: 1, sendWindow: 100, over: new AbortController().signal } as Http2Stream;
  await assert.rejects(fails.data(stream, new Uint8Array(10)), /broken/);
  await assert.rejects(fails.data(stream, new Uint8Array(10)), /broken/);
  assert.notEqual(memories[0], memories[1]);
});
