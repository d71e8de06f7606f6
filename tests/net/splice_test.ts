import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { bytesOf, flowBuffers, LARGEST_STEP } from "../../lib/net/flow_buffers.ts";
import { IdleWatch } from "../../lib/net/idle_watch.ts";
import { Rush } from "../../lib/net/rush.ts";
import { type Duplex, splice, writeAll } from "../../lib/net/splice.ts";
import type { SpliceResult } from "../../lib/net/splice_options.ts";
import { pipe, readAll, text, utf8 } from "./pipe.ts";

const MEGABYTE = 1024 * 1024;

Deno.test("splice() carries both directions and each end of stream", async () => {
  const [visitor, first] = pipe();
  const [second, client] = pipe();
  const began = performance.now();
  const spliced = splice(first, second);

  await writeAll(visitor, utf8("question"));
  await visitor.closeWrite();
  assert.equal(text(await readAll(client)), "question");
  // The other direction still flows after the first one ended: half-close, not close.
  await writeAll(client, utf8("answer"));
  await client.closeWrite();
  assert.equal(text(await readAll(visitor)), "answer");

  const { lastAt, ...result } = await spliced;
  assert.deepEqual(result, { forward: 8, backward: 6 });
  assert.ok(lastAt! >= began && lastAt! <= performance.now());
  assert.ok(first.closes > 0 && second.closes > 0);
});

Deno.test("splice() honours short writes", async () => {
  const [visitor, first] = pipe();
  const [second, client] = pipe(3);
  const spliced = splice(first, second);
  const sent = crypto.getRandomValues(new Uint8Array(10_000));
  await writeAll(visitor, sent);
  await visitor.closeWrite();
  assert.deepEqual(await readAll(client), sent);
  await client.closeWrite();
  await spliced;
});

/** Sizes of the buffers that a direction is read into, while `chunks` flow through it. */
async function sizesRead(chunks: number[], slowWriteMs = 0): Promise<number[]> {
  const sizes: number[] = [];
  const [visitor, first] = pipe();
  const [second, client] = pipe();
  const reading: Duplex = {
    ...first,
    read(p) {
      sizes.push(p.length);
      return first.read(p);
    },
  };
  const writing: Duplex = {
    ...second,
    write(p) {
      time += slowWriteMs;
      return second.write(p);
    },
  };
  let time = 0;
  const spliced = splice(reading, writing, { now: () => time });
  for (const bytes of chunks) await writeAll(visitor, new Uint8Array(bytes));
  await visitor.closeWrite();
  await client.closeWrite();
  await spliced;
  return sizes;
}

Deno.test("splice() grows its buffer with full reads, and waits with a small one", async () => {
  const sizes = await sizesRead([8 * MEGABYTE, 100, 5_000]);
  assert.deepEqual(sizes.slice(0, 4), [0, 1, 2, 2].map(bytesOf));
  // The end of stream, the last read, finds the small one.
  assert.deepEqual([sizes.at(-1), Math.max(...sizes)], [2048, bytesOf(LARGEST_STEP)]);
});

Deno.test("splice() takes smaller buffers for a slow writer", async () => {
  const sizes = await sizesRead([3 * MEGABYTE], 15);
  assert.ok(Math.max(...sizes) < bytesOf(LARGEST_STEP), `read with buffers of ${sizes}`);
});

Deno.test("splice() has a stream at full speed wait for connections that begin in a rush, and no other", async () => {
  /** How often it waited, while so much flowed. */
  async function waits(megabytes: number, begun: number): Promise<number> {
    const rush = new Rush(() => 0);
    for (let i = 0; i < begun; i++) rush.note();
    let count = 0;
    rush.stepAside = () => Promise.resolve(void count++);
    const [visitor, first] = pipe();
    const [second, client] = pipe();
    const spliced = splice(first, second, { rush });
    await writeAll(visitor, new Uint8Array(megabytes * MEGABYTE));
    await visitor.closeWrite();
    await client.closeWrite();
    await spliced;
    return count;
  }
  assert.ok(await waits(8, 16) >= 3);
  assert.equal(await waits(8, 15), 0);
  assert.equal(await waits(0.25, 16), 0);
});

Deno.test("splice() gives back every large buffer, also on failure", async () => {
  const before = flowBuffers.lent;
  await sizesRead([3 * MEGABYTE]);
  assert.equal(flowBuffers.lent, before);
  const [visitor, first] = pipe();
  const [second] = pipe();
  const spliced = splice(first, second);
  // Fills the first buffer, so that the next one is larger when the reset comes.
  await writeAll(visitor, new Uint8Array(16 * 1024));
  await new Promise((resolve) => setTimeout(resolve));
  assert.ok(flowBuffers.lent > before + 100 * 1024);
  visitor.reset();
  assert.ok((await spliced).error);
  assert.equal(flowBuffers.lent, before);
});

Deno.test("splice() ends both sides when one is reset", async () => {
  const [visitor, first] = pipe();
  const [second, client] = pipe();
  const spliced = splice(first, second);
  visitor.reset();
  const result = await spliced;
  assert.ok(result.error instanceof Deno.errors.ConnectionReset);
  assert.equal((await readAll(client)).length, 0);
});

Deno.test("splice() closes both sides after too long a silence, not before", async () => {
  const [visitor, first] = pipe();
  const [second, client] = pipe();
  const idle = new IdleWatch(1_000_000);
  const spliced = splice(first, second, { idle });
  assert.equal(idle.size, 1);
  for (let i = 0; i < 20; i++) {
    await writeAll(visitor, utf8("alive"));
    await client.read(new Uint8Array(5));
    idle.step();
  }
  for (let i = 0; i < 7; i++) idle.step();
  assert.equal(first.closes, 0);
  idle.step();
  assert.match((await spliced).error!.message, /silent/);
  assert.ok(first.closes > 0 && second.closes > 0);
  assert.equal(idle.size, 0);
  idle.stop();
});

Deno.test("splice() bears less silence once one side has ended", async () => {
  const halfClosedMs = 40;
  const idle = new IdleWatch(1_000_000, halfClosedMs);
  const [open, openFirst] = pipe();
  const [openSecond] = pipe();
  const staying = splice(openFirst, openSecond, { idle });
  const [visitor, first] = pipe();
  const [second, client] = pipe();
  const spliced = splice(first, second, { idle });
  await visitor.closeWrite();
  assert.equal(await client.read(new Uint8Array(1)), null);
  assert.equal(idle.size, 2);
  assert.match((await spliced).error!.message, /silent/);
  assert.ok(first.closes > 0 && second.closes > 0);
  assert.deepEqual([idle.size, openFirst.closes], [1, 0]);
  open.reset();
  await staying;
  idle.stop();
});

Deno.test("splice() closes both sides when its signal aborts", async () => {
  const [, first] = pipe();
  const [second] = pipe();
  const ending = new AbortController();
  const spliced = splice(first, second, { signal: ending.signal });
  ending.abort(new Error("enough"));
  assert.equal((await spliced).error?.message, "enough");
  assert.ok(first.closes > 0 && second.closes > 0);
});

Deno.test("splice() over TCP brings what an end said that left amid what it was sent", async () => {
  const answer = new Uint8Array(30_000).fill(7);
  for (let i = 0; i < 20; i++) {
    const [visitor, first] = await tcpPair();
    const [second, server] = await tcpPair();
    const spliced = splice(first, second);
    const upload = (async () => {
      const piece = new Uint8Array(64 * 1024);
      for (let sent = 0; sent < 64 * piece.length; sent += piece.length) {
        await writeAll(visitor, piece);
      }
    })();
    // Never reads on: its end is a reset.
    await server.read(new Uint8Array(1024));
    await writeAll(server, answer);
    server.close();
    assert.deepEqual(await readAll(visitor), answer);
    await upload.catch(() => {});
    visitor.close();
    assert.ok((await spliced).error);
  }
});

Deno.test("splice() over TCP moves 100 MiB each way at once", async () => {
  const size = 100 * 1024 * 1024;
  const [a, b] = await tcpPair();
  const [c, d] = await tcpPair();
  const spliced = splice(b, c);
  const sums = await Promise.all([send(a, 1), send(d, 2), sum(a), sum(d)]);
  assert.equal(sums[2], sums[1]);
  assert.equal(sums[3], sums[0]);
  const { forward, backward } = await spliced;
  assert.deepEqual([forward, backward], [size, size]);
  a.close();
  d.close();

  async function send(conn: Deno.TcpConn, seed: number): Promise<number> {
    const chunk = new Uint8Array(1024 * 1024).map((_, i) => (i * seed) % 251);
    let total = 0;
    for (let sent = 0; sent < size; sent += chunk.length) {
      chunk[0] = sent / chunk.length;
      await writeAll(conn, chunk);
      total = add(total, chunk);
    }
    await conn.closeWrite();
    return total;
  }

  async function sum(conn: Deno.TcpConn): Promise<number> {
    const p = new Uint8Array(256 * 1024);
    let total = 0;
    for (let n = await conn.read(p); n !== null; n = await conn.read(p)) {
      total = add(total, p.subarray(0, n));
    }
    return total;
  }

  /** A checksum that depends on the order. */
  function add(total: number, bytes: Uint8Array): number {
    for (const byte of bytes) total = (Math.imul(total, 31) + byte) | 0;
    return total;
  }
});

async function tcpPair(): Promise<[Deno.TcpConn, Deno.TcpConn]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return await Promise.all([
    Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
    listener.accept(),
  ]);
}

for (const how of ["closes", "resets"] as const) {
  Deno.test(`splice() over TCP brings a visitor who sends on all that was said before the server ${how}`, async () => {
    // More than the kernel of a visitor who does not read takes in.
    const answer = new Uint8Array(512 * 1024).fill(7);
    const [visitor, first] = await tcpPair();
    const [server, second] = await nodePair();
    const result: SpliceResult = { forward: 0, backward: 0 };
    const spliced = splice(first, second, { result });
    server.write(answer);
    await until(() => result.backward === answer.length);
    if (how === "closes") server.destroy();
    else server.resetAndDestroy();
    const piece = new Uint8Array(16 * 1024);
    for (let since = 0; since < 5; since += result.error === undefined ? 0 : 1) {
      await writeAll(visitor, piece);
      await new Promise((resolve) => setTimeout(resolve));
    }
    assert.deepEqual(await readAll(visitor), answer);
    visitor.close();
    assert.ok((await spliced).error);
  });
}

async function until(is: () => boolean): Promise<void> {
  while (!is()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** A connection, the first end of which can be reset. */
async function nodePair(): Promise<[Socket, Deno.TcpConn]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const socket = connect(listener.addr.port, "127.0.0.1");
  socket.on("error", () => {});
  return [socket, await listener.accept()];
}
