import assert from "node:assert/strict";
import { sendPaced } from "../../lib/session/pace.ts";
import { ManualClock } from "../manual_clock.ts";

/** What follows an arrival is done within a turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** When the last of so many was sent that take a time to come, and how many were on their way at most. */
async function send(count: number, tookMs: (are: number) => number, withinMs = 30_000) {
  const clock = new ManualClock();
  const items = Array.from({ length: count }, (_, i) => i);
  const sent: number[] = [];
  let sentAt = 0;
  let are = 0;
  let most = 0;
  const sending = sendPaced(items, (item) => {
    sent.push(item);
    sentAt = clock.now();
    most = Math.max(most, ++are);
    const { promise, resolve } = Promise.withResolvers<void>();
    clock.schedule(() => {
      are--;
      resolve();
    }, tookMs(are));
    return promise;
  }, { withinMs, now: clock.now, schedule: clock.schedule });
  await turn();
  while (clock.waiting > 0) {
    clock.advance(clock.remaining[0]!);
    await turn();
  }
  await sending;
  assert.deepEqual(sent, items);
  return { sentAt, most };
}

Deno.test("sendPaced() has no cliff: the sooner they come the sooner all are sent", async () => {
  for (
    const [count, tookMs, withinMs] of [
      [100, 900, 8_000],
      [100, 1_100, 11_000],
      [1_000, 1_100, 20_000],
    ] as const
  ) {
    const { sentAt } = await send(count, () => tookMs);
    assert.ok(sentAt <= withinMs, `${count} that take ${tookMs} ms: ${sentAt} ms`);
  }
});

Deno.test("sendPaced() has sent all in time, however slowly they come", async () => {
  for (const [count, tookMs] of [[16, 2_600], [100, 60_000], [1, 60_000], [0, 0]] as const) {
    for (const withinMs of [30_000, 15_000]) {
      const { sentAt } = await send(count, () => tookMs, withinMs);
      assert.ok(sentAt < withinMs, `${count} that take ${tookMs} ms: ${sentAt} ms`);
    }
  }
});

Deno.test("sendPaced() has no more on their way than come well within what visitors wait", async () => {
  // Four come a second, one after another.
  const { most, sentAt } = await send(40, (are) => are * 250);
  assert.ok(most <= 9, `${most} at once`);
  assert.ok(sentAt < 12_000, `${sentAt} ms`);
});

Deno.test("sendPaced() passes over what need not be sent", async () => {
  await sendPaced([1, 2, 3], () => undefined, { withinMs: 1_000 });
});
