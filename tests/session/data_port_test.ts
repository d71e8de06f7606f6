import assert from "node:assert/strict";
import { SILENT_LOG } from "../../lib/log.ts";
import { createDataPort } from "../../lib/session/data_port.ts";
import { type Redeem, Tickets } from "../../lib/session/tickets.ts";
import { dataPreface } from "../../lib/wire/messages.ts";
import { readAll, text } from "../net/pipe.ts";

Deno.test("who shows bad tickets over and over is told of some, and a good one is taken still", async () => {
  const tickets = new Tickets<Redeem>();
  const refused: string[] = [];
  const onConnection = createDataPort({
    tickets,
    addressGroups: () => ["192.0.2.7", "192.0.2.0/24"],
    log: SILENT_LOG,
    onRefused: (reason) => refused.push(reason),
  });
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });

  async function show(ticket: string): Promise<string> {
    const peer = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
    const handled = onConnection(await listener.accept());
    await peer.write(dataPreface(ticket));
    const said = text(await readAll(peer));
    peer.close();
    await handled;
    return said;
  }

  const said: string[] = [];
  for (let i = 0; i < 300; i++) said.push(await show("A".repeat(22)));
  const told = said.filter((words) => words === "GLOSSON/1 refused\n").length;
  assert.ok(told >= 100 && told < 200, `${told}`);
  assert.equal(said.filter((words) => words === "").length, 300 - told);
  assert.deepEqual(new Set(refused), new Set(["ticket"]));

  const good = tickets.issue(
    (conn) => {
      conn.write(new TextEncoder().encode("taken")).then(() => conn.close());
    },
    10_000,
    () => {},
  );
  assert.equal(await show(good), "taken");
});
