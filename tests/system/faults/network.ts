import assert from "node:assert/strict";
import { until } from "../../certificate/helpers.ts";
import { visit } from "../../stories/user.ts";
import { AWAY, type Home, type Program } from "./home.ts";
import { got, lost, online, servedWithin } from "./steps.ts";
import type { Row, World } from "./world.ts";

/** Length of the page that has to arrive whole. */
const PAGE_LENGTH = 16 * 20_000;

/** One packet in so many is lost, each way. */
const LOST_ONE_IN = 20;

/** A network that is bad, and does not keep anybody from being online. */
const BAD: Record<string, (home: Home) => unknown> = {
  "latency of 300 ms": ({ way }) => way.gate.delayMs = 150,
  [`loss of ${100 / LOST_ONE_IN} % each way`]({ way }) {
    const rule = `numgen inc mod ${LOST_ONE_IN} 0 drop`;
    return way.filter({ leaving: rule, coming: rule });
  },
  "bandwidth of 100 KB/s": ({ way }) => way.gate.bytesPerSecond = 100_000,
  "MTU 576": ({ way }) => way.setMtu(576),
};

/** Longest time for the page over any of these, milliseconds. */
const BAD_MS = 15_000;

function badRow(name: string, spoil: (home: Home) => unknown, program: Program): Row {
  return {
    name: `${name}, ${program} client`,
    async happen(world) {
      await using home = await world.home();
      const { dir, page } = await home.site(PAGE_LENGTH);
      await spoil(home);
      const client = await online(home, { program, args: ["--dir", dir] });
      const ms = await wholePage(world, home, page);
      assert.equal(client.count(AWAY), 0);
      return `online, a page of ${PAGE_LENGTH / 1_000} KB came whole in ${ms} ms`;
    },
  };
}

async function wholePage(world: World, home: Home, page: string): Promise<number> {
  const began = performance.now();
  const { status, body } = await visit(world.relay, home.hostname);
  const ms = Math.round(performance.now() - began);
  assert.equal(status, 200);
  assert.ok(body === page, `${body.length} bytes instead of ${page.length}`);
  assert.ok(ms < BAD_MS, `${ms} ms`);
  return ms;
}

/** How often everything is reset. */
const RESETS = 4;

function broken(program: Program): Row[] {
  return [
    {
      name: `resets, ${program} client`,
      async happen(world) {
        await using home = await world.home();
        const client = await online(home, { program });
        for (let i = 1; i <= RESETS; i++) {
          home.way.gate.reset();
          await until(() => client.count(AWAY) >= i, "it notices", 30_000);
          await servedWithin(world, home, 10);
        }
        return `${RESETS} times all was reset, and served again within 10 s`;
      },
    },
    {
      name: `black hole: what the relay says does not arrive, ${program} client`,
      async happen(world) {
        await using home = await world.home();
        const client = await online(home, { program });
        await home.way.filter({ coming: "drop" });
        await lost(world, home);
        assert.equal(await got(world, home), "offline");
        await client.said(AWAY);
        await home.way.filter({});
        return `both ends noticed, back after ${await servedWithin(world, home, 45)}`;
      },
    },
  ];
}

/** What a network can do to a client. */
export const NETWORK: Row[] = (["reference", "Python"] as const).flatMap((program) => [
  ...Object.entries(BAD).map(([name, spoil]) => badRow(name, spoil, program)),
  ...broken(program),
]);
