import assert from "node:assert/strict";
import { Pace } from "../../../../examples/client/front/pace.ts";
import type { Duplex } from "../../../../lib/net/splice.ts";

const PIECE = new Uint8Array(64 * 1024);

/** A TLS server that takes everything, and gives what it is told to. */
function server(): { taken: number; give: (bytes: number) => void; end: Duplex } {
  let waiting: ((n: number) => void) | undefined;
  const one = {
    taken: 0,
    give(bytes: number) {
      waiting!(bytes);
    },
    end: {
      read: () => new Promise<number>((resolve) => waiting = resolve),
      write(p: Uint8Array) {
        one.taken += p.length;
        return Promise.resolve(p.length);
      },
      closeWrite: () => Promise.resolve(),
      close() {},
    },
  };
  return one;
}

/** Lets everything run that can. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

Deno.test("Pace passes on no more than a part beyond what is read", async () => {
  const [pace, tls] = [new Pace(), server()];
  const [outer, inner] = [pace.toTls(tls.end), pace.withinTls(tls.end)];
  const sending = (async () => {
    for (let i = 0; i < 100; i++) await outer.write(PIECE);
  })();
  await settled();
  const held = tls.taken;
  assert.ok(held > 0 && held <= 512 * 1024, `${held}`);

  // Who waits, and gets nothing for a while, has everything: what is left was TLS's own.
  const reading = inner.read(new Uint8Array(1));
  while (tls.taken === held) await settled();
  tls.give(1);
  assert.equal(await reading, 1);
  pace.end();
  await sending;
  assert.equal(tls.taken, 100 * PIECE.length);
});

Deno.test("Pace lets everything pass to who reads, however small the pieces are", async () => {
  const [pace, tls] = [new Pace(), server()];
  const [outer, inner] = [pace.toTls(tls.end), pace.withinTls(tls.end)];
  for (let i = 0; i < 10_000; i++) {
    const reading = inner.read(new Uint8Array(1));
    // Records of a byte are mostly TLS's own.
    await outer.write(PIECE.subarray(0, 100));
    tls.give(1);
    await reading;
  }
  assert.equal(tls.taken, 1_000_000);
});

Deno.test("Pace lets nobody wait behind its end", async () => {
  const [pace, tls] = [new Pace(), server()];
  const outer = pace.toTls(tls.end);
  const sending = (async () => {
    for (let i = 0; i < 20; i++) await outer.write(PIECE);
  })();
  await settled();
  pace.end();
  await sending;
});

/** Reads as much as comes of one that is sent at full speed, with no other turn than it takes; how often. */
async function atFullSpeed(pace: Pace, goesOn: () => boolean): Promise<number> {
  const tls = server();
  const [outer, inner] = [pace.toTls(tls.end), pace.withinTls(tls.end)];
  let rounds = 0;
  for (; rounds < 1_000 && goesOn(); rounds++) {
    const reading = inner.read(PIECE);
    await outer.write(PIECE);
    tls.give(PIECE.length);
    await reading;
  }
  return rounds;
}

Deno.test("Pace has uploads at full speed leave others a turn of the event loop", async () => {
  for (const uploads of [1, 2, 20]) {
    let turned = false;
    const timer = setTimeout(() => turned = true);
    const all = Array.from({ length: uploads }, () => atFullSpeed(new Pace(), () => !turned));
    for (const rounds of await Promise.all(all)) assert.ok(rounds < 25, `${rounds}`);
    clearTimeout(timer);
  }
});
