import assert from "node:assert/strict";
import { PongSender } from "../../lib/net/pong_sender.ts";

/** What was sent, and how to take it, one after another. */
function sender() {
  const sent: number[] = [];
  const taken: (() => void)[] = [];
  const pongs = new PongSender((payload) => {
    sent.push(payload[0]!);
    return new Promise((resolve) => taken.push(resolve));
  });
  const ping = (name: number, length = 1): void => {
    const payload = new Uint8Array(length);
    payload[0] = name;
    pongs.answer(payload);
  };
  async function take(): Promise<void> {
    taken.shift()!();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return { sent, ping, take };
}

Deno.test("PongSender answers every ping while there is room for the answers", () => {
  const { sent, ping } = sender();
  for (let name = 1; name <= 10; name++) ping(name, 14);
  assert.deepEqual(sent, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

Deno.test("PongSender owes a peer who takes no answers the newest one alone", async () => {
  const { sent, ping, take } = sender();
  for (let name = 1; name <= 100; name++) ping(name, 125);
  const room = sent.length;
  assert.equal(room, Math.ceil(1024 / 127));
  await take();
  assert.deepEqual(sent.slice(room), [100]);
  await take();
  ping(101);
  assert.deepEqual(sent.slice(room), [100, 101]);
});
