import { closeQuietly } from "../../../lib/net/splice.ts";
import { MAX_POOL_SIZE } from "../../../lib/wire/messages.ts";
import { type Bench, type Check, expect, stillness, watch } from "../check.ts";
import type { Message, VisitOptions } from "../visit.ts";
import { ask, readAnswer } from "../http.ts";

/** Most tickets that are shown within {@linkcode REFUSING_MS} while all are refused, and until a pause. */
const MAX_WHILE_REFUSED = 40;
const REFUSING_MS = 3_000;

/** A pause between tickets, milliseconds: more than showing one takes on a slow machine. */
const PAUSE_MS = 1_000;

/** How often there are new tickets meanwhile, milliseconds. */
const GRANT_MS = 100;

/** Time for a client to notice that connections ended, milliseconds. */
const NOTICE_MS = 200;

/** Time without a ticket after which a client is taken to show no more, milliseconds. */
const STILL_MS = 500;

/** What may be added to the time that a page takes by the client's being asked for a connection, milliseconds. */
const CONNECT_MS = 3_000;

/** How long a client may take to fill its pool, and to come back to the data port, milliseconds. */
const FILL_MS = 10_000;
const BACK_MS = 45_000;

function poolOf({ relay }: Bench): Message | undefined {
  return relay.session?.messages.findLast(({ type }) => type === "pool");
}

/** Waits until as many connections are parked as the client wants. */
async function filled(bench: Bench): Promise<number> {
  await bench.relay.ready(0);
  const pool = await bench.relay.changes.until(() => poolOf(bench), FILL_MS, "a `pool` message");
  const size = Number(pool.size);
  // It may be resting after connections that were closed.
  await bench.relay.ready(Math.min(size, MAX_POOL_SIZE), BACK_MS);
  return size;
}

async function drop(bench: Bench): Promise<void> {
  const { data, changes } = bench.relay;
  const dropped = [...data.parked];
  for (const { conn } of dropped) closeQuietly(conn);
  await changes.until(
    () => dropped.every((each) => !data.parked.includes(each)),
    FILL_MS,
    "the end of the parked connections",
  );
  // It may hear of tickets before it knows that there is a place for them.
  await watch(NOTICE_MS);
}

/** Sections 2 and 3: the pool, tickets and where they are shown. */
export const TICKETS: Check[] = [
  {
    name: "pool",
    section: 2,
    needs: "running",
    what: "says how many connections it keeps parked, 0 to 64, and parks as many, not more",
    async run(bench) {
      const { relay } = bench;
      const size = await filled(bench);
      expect(Number.isInteger(size) && size >= 0 && size <= 64, `its size is ${size}`);
      expect(size > 0, "it wants none parked: each visitor waits for a round trip");
      // Far more than are wanted: they are for nobody.
      relay.offer(MAX_POOL_SIZE);
      // A visitor told of later is there: it has seen what it was offered, however slow it is.
      (await relay.visit({ by: {} }))[Symbol.dispose]();
      await stillness(() => relay.data.shown.length, () => STILL_MS);
      const { length } = relay.data.parked;
      expect(length <= MAX_POOL_SIZE, `it parks ${length}, all that it is offered`);
      // What it may have kept for later goes with the session.
      await relay.close(1012);
    },
  },
  {
    name: "tickets",
    section: 3,
    needs: "running",
    what: "begins with 33 bytes, says nothing more before a visitor is there, shows a ticket once",
    async run({ relay }) {
      await relay.ready();
      using visit = await relay.visit();
      await ask(visit.tls, "/");
      await readAnswer(visit.tls);
      await watch(500);
      expect(relay.data.faults.length === 0, relay.data.faults.join("; "));
    },
  },
  {
    name: "parked-ends",
    section: 3,
    needs: "running",
    what: "parks another connection when the relay closes one",
    async run(bench) {
      await filled(bench);
      await drop(bench);
      bench.relay.grant();
      await bench.relay.ready(1, BACK_MS);
    },
  },
  {
    name: "refused",
    section: 3,
    needs: "running",
    what: "takes a refused ticket for used, tries others with pauses, and comes back",
    async run(bench) {
      const { relay } = bench;
      await filled(bench);
      const before = relay.data.shown.length;
      relay.data.refuses = true;
      await drop(bench);
      // A ticket that was refused is used up, so there is another.
      const granting = setInterval(() => relay.grant(), GRANT_MS);
      try {
        await watch(REFUSING_MS);
        await stillness(() => relay.data.shown.length - before, () => PAUSE_MS, MAX_WHILE_REFUSED);
      } finally {
        clearInterval(granting);
      }
      const shown = relay.data.shown.slice(before);
      relay.data.refuses = false;
      expect(
        shown.length <= MAX_WHILE_REFUSED,
        `it showed ${shown.length} tickets without a pause while all were refused`,
      );
      const again = shown.find(({ ticket }, i) =>
        shown.some((s, j) => j > i && s.ticket === ticket)
      );
      expect(again === undefined, "it showed a ticket again that had been refused");
      relay.grant();
      await relay.ready(1, BACK_MS);
    },
  },
  {
    name: "connect",
    section: 2,
    needs: "running",
    what: "brings a data connection at once when a visitor waits for one",
    async run({ relay }) {
      async function page(by: VisitOptions["by"]): Promise<number> {
        const began = Date.now();
        using visit = await relay.visit({ by });
        await ask(visit.tls, "/");
        expect((await readAnswer(visit.tls)).status === 200, "the visitor got no page");
        return Date.now() - began;
      }
      await relay.ready();
      // What the rest takes on this machine.
      const parked = await page("parked");
      const ms = await page({});
      expect(ms < CONNECT_MS + parked, `it took ${ms} ms, by a parked connection ${parked} ms`);
    },
  },
  {
    name: "data-address",
    section: 2,
    needs: "running",
    what: "shows tickets where their message says, others where `online` said",
    async run(bench) {
      const { relay } = bench;
      const [usual, other] = [relay.data.port(0), relay.data.port(1)];
      const last = () => relay.data.shown.findLast(({ kind }) => kind === "connect")?.port;
      (await relay.visit({ by: relay.otherData }))[Symbol.dispose]();
      expect(last() === other, "a `connect` with an address of its own was met elsewhere");
      // Each of the two may come alone.
      const { dataPort } = relay.otherData;
      (await relay.visit({ by: { dataPort } }))[Symbol.dispose]();
      expect(last() === other, "a `connect` with nothing but a port of its own was met elsewhere");
      (await relay.visit({ by: {} }))[Symbol.dispose]();
      expect(last() === usual, "a `connect` without an address was not met where `online` said");
      await filled(bench);
      // Nothing but these: what a client still has from before is shown where that was said.
      relay.grants = false;
      const mine = new Set<string>();
      const shown = () => relay.data.shown.find(({ ticket }) => mine.has(ticket));
      for (const over = Date.now() + BACK_MS; shown() === undefined && Date.now() < over;) {
        await drop(bench);
        for (const ticket of relay.offer(4, relay.otherData)) mine.add(ticket);
        await watch(500);
      }
      expect(shown() !== undefined, "`tickets` with an address of their own were never shown");
      expect(
        shown()!.port === other,
        "`tickets` with an address of their own were shown elsewhere",
      );
    },
  },
];
