import assert from "node:assert/strict";
import { WARM_DELAY_MS, WARM_MS, WARM_POOL } from "../../lib/cluster/remote_sessions.ts";
import type { RelayMessage } from "../../lib/wire/messages.ts";
import { pipe } from "../net/pipe.ts";
import { relaysOf, settled, type TestRelay, visit } from "./relays.ts";

/** The client brings what it was told to bring to a relay; how many connections. */
function bring({ tickets }: TestRelay, told: RelayMessage[]): number {
  let count = 0;
  for (const message of told.splice(0)) {
    if (message.type !== "connect" && message.type !== "tickets") continue;
    const asked = message.type === "connect" ? [message.ticket] : message.tickets;
    for (const ticket of asked) {
      tickets.take(ticket)?.(pipe()[0]);
      count++;
    }
  }
  return count;
}

Deno.test("what a client has parked at another relay stays while its own is handed over, and is asked for anew once it has come", async () => {
  const { start, pass } = relaysOf();
  const [former, other] = [await start("a"), await start("b")];
  const { session, told } = former.online("kaylee");
  session.setPool(8);
  told.length = 0;
  await settled();
  const first = visit(other, "kaylee");
  await settled();
  bring(other, told);
  const met = await first;
  assert.equal(met.state === "joined" && met.how, "dialled");
  await pass(WARM_DELAY_MS);
  assert.equal(bring(other, told), WARM_POOL);

  const next = await start("a", "next", { predecessor: former });
  await settled();
  const second = await visit(other, "kaylee");
  assert.equal(second.state === "joined" && second.how, "parked");

  // She leaves the one before, and comes to the next one.
  session.setPool(0);
  former.sessions.remove(session, true);
  session.end();
  await settled();
  const come = next.online("kaylee");
  come.session.setPool(8);
  come.told.length = 0;
  await settled();
  await pass(WARM_DELAY_MS);
  assert.equal(bring(other, come.told), WARM_POOL, "no visitor has come since");
  const third = await visit(other, "kaylee");
  assert.equal(third.state === "joined" && third.how, "parked");

  await pass(WARM_MS + 1);
  next.sessions.remove(come.session, true);
  await settled();
  const again = next.online("kaylee");
  again.session.setPool(8);
  again.told.length = 0;
  await pass(WARM_DELAY_MS);
  assert.deepEqual(again.told, [], "nobody visits her there any more");
});
