import assert from "node:assert/strict";
import { SILENT_LOG } from "../../lib/log.ts";
import { BinarySocket } from "../../lib/net/binary_socket.ts";
import { Places } from "../../lib/net/places.ts";
import { PREFACE_TIMEOUT_MS } from "../../lib/session/data_port.ts";
import { createDataSockets } from "../../lib/session/data_socket.ts";
import { Tickets } from "../../lib/session/tickets.ts";
import { ManualClock } from "../manual_clock.ts";
import { pipe, utf8 } from "../net/pipe.ts";

Deno.test("createDataSockets() keeps no place for a ticket that nobody answers for", async () => {
  const clock = new ManualClock();
  const places = new Places({ total: 1 });
  const refused: string[] = [];
  const asked = Promise.withResolvers<string>();
  const onSocket = createDataSockets({
    tickets: new Tickets(),
    elsewhere(ticket) {
      asked.resolve(ticket);
      return new Promise(() => {});
    },
    places,
    addressGroups: (address) => [address],
    log: SILENT_LOG,
    onRefused: (reason) => refused.push(reason),
    schedule: clock.schedule,
  });
  const [here, there] = pipe();
  const client = new BinarySocket(there, undefined, "client");
  onSocket(new BinarySocket(here), "192.0.2.7");
  const ticket = "A".repeat(22);
  await client.write(utf8(ticket));
  assert.equal(await asked.promise, ticket);
  clock.advance(PREFACE_TIMEOUT_MS - 1);
  assert.deepEqual([refused, places.used], [[], 1]);
  clock.advance(1);
  await assert.rejects(client.read(new Uint8Array(1)));
  client.close();
  await client.closed;
  assert.deepEqual([refused, client.closedWith], [["timeout"], 4403]);
  while (places.used > 0) await new Promise((resolve) => setTimeout(resolve));
});
