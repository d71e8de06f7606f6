import assert from "node:assert/strict";
import { createRequestRate } from "../../lib/api/request_rate.ts";
import { addressGroups } from "../../lib/net/address_group.ts";
import { ManualClock } from "../manual_clock.ts";

/** A transport that notes what is done to it. */
class NotedTransport {
  ended = 0;
  endWithAnswer(): void {
    this.ended++;
  }
}

function origin(address: string, transport = new NotedTransport()) {
  return { source: { address, port: 1 }, transport };
}

Deno.test("a request above the rate is told so and ends its connection; others go on", async () => {
  const clock = new ManualClock();
  const refuse = createRequestRate({ perSecond: 2, burst: 3, addressGroups, now: clock.now });
  const ask = (address: string) => refuse(origin(address));
  for (let i = 0; i < 3; i++) assert.equal(ask("192.0.2.7"), undefined);

  const transport = new NotedTransport();
  const refusal = refuse(origin("192.0.2.7", transport))!;
  assert.equal(refusal.status, 429);
  assert.equal(refusal.headers.get("Retry-After"), "5");
  assert.equal((await refusal.json()).type, "urn:glosson:problem:rate-limited");
  assert.equal(transport.ended, 1);

  assert.equal(ask("192.0.2.8"), undefined);
  clock.advance(500);
  assert.equal(ask("192.0.2.7"), undefined);
  assert.equal(ask("192.0.2.7")!.status, 429);
});

Deno.test("many addresses of one network ask no faster than eight of it", () => {
  const clock = new ManualClock();
  const refuse = createRequestRate({ perSecond: 2, burst: 3, addressGroups, now: clock.now });
  const asked = Array.from({ length: 1_000 }, (_, i) => refuse(origin(`2001:db8:1:${i}::1`)));
  assert.equal(asked.filter((refusal) => refusal === undefined).length, 24);
  assert.equal(refuse(origin("2001:db8:2::1")), undefined);
});

Deno.test("who is not counted by address is not limited", () => {
  const refuse = createRequestRate({ perSecond: 1, burst: 1, addressGroups: () => [] });
  for (let i = 0; i < 10; i++) assert.equal(refuse(origin("127.0.0.1")), undefined);
});
