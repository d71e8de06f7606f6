import assert from "node:assert/strict";
import { openSocket } from "../../lib/admin/socket.ts";
import { createSiblingTickets, metricsOfSiblings } from "../../lib/daemon/siblings.ts";
import { SILENT_LOG } from "../../lib/log.ts";
import { pipe, readAll, text, utf8 } from "../net/pipe.ts";

const TICKETS = Array.from({ length: 300 }, (_, i) => `${i}`.padStart(22, "A"));

type Handler = (request: Request) => Promise<Response>;

/** The processes of a relay behind the first, as their sockets answer; one without a handler is stuck. */
async function siblings(...handlers: (Handler | undefined)[]) {
  const stateDir = await Deno.makeTempDir();
  const closers = await Promise.all(handlers.map((handler, i) => {
    const process = i + 2;
    if (handler) return openSocket({ stateDir, process, handler, log: SILENT_LOG });
    const path = `${stateDir}/glossond-${process}.sock`;
    const listener = Deno.listen({ transport: "unix", path });
    return () => listener.close();
  }));
  return {
    settings: { stateDir, processes: handlers.length + 1, dataHost: "127.0.0.1" },
    process: 1,
    metrics: { counters: { hopBytes: 0 } },
    async [Symbol.asyncDispose]() {
      for (const close of closers) await close();
      await Deno.remove(stateDir, { recursive: true });
    },
  };
}

Deno.test("createSiblingTickets() asks a sibling once at a time, however many tickets are shown", async () => {
  const questions: string[][] = [];
  const gate = Promise.withResolvers<void>();
  await using relay = await siblings(async (request) => {
    const { tickets } = await request.json();
    questions.push(tickets);
    await gate.promise;
    return Response.json({ dataPort: 1, tickets: [TICKETS[299]] });
  });
  const elsewhere = createSiblingTickets(relay);
  const first = elsewhere(TICKETS[0]!);
  while (questions.length === 0) await new Promise((resolve) => setTimeout(resolve));
  const others = TICKETS.slice(1).map(elsewhere);
  gate.resolve();
  const found = await Promise.all([first, ...others]);
  assert.deepEqual(questions, [[TICKETS[0]], TICKETS.slice(1)]);
  assert.deepEqual(found.flatMap((redeem, i) => redeem === undefined ? [] : [i]), [299]);
});

Deno.test("createSiblingTickets() waits for no stuck sibling where another has the ticket, and counts what passes", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const dataPort = listener.addr.port;
  await using relay = await siblings(
    undefined,
    async (request) => Response.json({ dataPort, ...await request.json() }),
  );
  const redeem = await createSiblingTickets(relay)(TICKETS[0]!);
  const [here, client] = pipe();
  redeem!(here);
  using home = await listener.accept();
  await home.write(utf8("hello"));
  await home.closeWrite();
  assert.equal(text(await readAll(client)), "hello");
  await client.closeWrite();
  assert.equal(text(await readAll(home)), `GLOSSON/1 ${TICKETS[0]}\n`);
  while (here.closes === 0) await new Promise((resolve) => setTimeout(resolve));
  assert.equal(relay.metrics.counters.hopBytes, 5);
});

Deno.test("metricsOfSiblings() leaves out those that are stuck, long before Prometheus gives up", async () => {
  const values = [{ name: "glossond_sessions" }];
  await using relay = await siblings(
    undefined,
    undefined,
    () => Promise.resolve(Response.json(values)),
  );
  const begin = performance.now();
  assert.deepEqual(await metricsOfSiblings(relay.settings, relay.process), [values]);
  assert.ok(performance.now() - begin < 8_000);
});
