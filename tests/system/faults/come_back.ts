import assert from "node:assert/strict";
import { sleep } from "../../../lib/net/pause.ts";
import { until } from "../../certificate/helpers.ts";
import { AWAY, type Client, ONLINE } from "./home.ts";
import { got, lost, online, pass, servedWithin } from "./steps.ts";
import type { Row } from "./world.ts";

/** Longest time that a client takes to come back once it can: its longest pause, and a try. */
const BACK_S = 45;

/** Within what visitors of a client that stands still have an answer, whenever they come. */
const ANSWERED_S = 15;

/**
 * Lets a client try for so many seconds of its time, and tells how often it did.
 *
 * @param rate how many times as fast its time passes.
 */
async function tries(client: Client, seconds: number, rate?: number): Promise<number> {
  await client.said(AWAY);
  const [before, from] = [client.count(AWAY), client.lastAt];
  await pass(client, seconds, rate);
  assert.ok(client.lastAt - from >= seconds * 900, `${client.lastAt - from} ms of its time`);
  return client.count(AWAY) - before;
}

/** What clients have to come back from by themselves. */
export const COME_BACK: Row[] = [
  {
    name: "relay away for an hour",
    async happen(world) {
      await using home = await world.home();
      const client = await online(home, { paced: true });
      home.way.gate.close();
      const count = await tries(client, 3_600, 40);
      await home.way.gate.listen();
      const back = await servedWithin(world, home, BACK_S);
      // On average one every 15 s, once the eager ones are over.
      assert.ok(count > 60 && count < 480, `${count} tries`);
      return `tried ${count} times, back after ${back}`;
    },
  },
  {
    name: "relay accepts TCP and says nothing for ten minutes",
    async happen(world) {
      await using home = await world.home();
      const client = await online(home, { paced: true });
      home.way.gate.silence();
      // It takes a minute to notice.
      client.pace(20);
      const count = await tries(client, 600);
      assert.ok(count > 5 && count < 60, `${count} tries`);
      home.way.gate.speak();
      const back = await servedWithin(world, home, BACK_S);
      return `noticed, tried ${count} times, back after ${back}`;
    },
  },
  {
    name: "network gone without a RST, and back",
    async happen(world) {
      await using home = await world.home();
      const client = await online(home);
      await home.way.filter({ leaving: "drop", coming: "drop" });
      await Promise.all([client.said(AWAY), lost(world, home)]);
      assert.equal(await got(world, home), "offline");
      await home.way.filter({});
      return `both ends noticed, back after ${await servedWithin(world, home, BACK_S)}`;
    },
  },
  {
    name: "no route and no resolver for five minutes, and at boot",
    async happen(world) {
      await using home = await world.home();
      await home.way.resolves(false);
      await home.way.plug(false);
      const client = home.run({ paced: true });
      await tries(client, 60);
      assert.equal(client.count(ONLINE), 0);
      const restore = async (): Promise<string> => {
        await home.way.resolves(true);
        await home.way.plug(true);
        return await servedWithin(world, home, BACK_S);
      };
      const boot = await restore();
      const before = client.count(AWAY);
      await home.way.plug(false);
      await home.way.resolves(false);
      client.pace(20);
      await until(() => client.count(AWAY) > before, "it notices", 60_000);
      await tries(client, 300);
      return `online ${boot} after boot, back after ${await restore()}`;
    },
  },
  {
    name: "laptop asleep for 20 minutes",
    async happen(world) {
      await using home = await world.home();
      const client = await online(home, { paced: true });
      client.signal("SIGSTOP");
      await Promise.all([lost(world, home), pass(client, 1_200)]);
      assert.equal(await got(world, home), "offline");
      client.signal("SIGCONT");
      return `the relay gave it up, back ${await servedWithin(world, home, 120)} after it woke`;
    },
  },
  {
    name: "client stopped, and a visitor each second for a minute",
    async happen(world) {
      await using home = await world.home();
      const client = await online(home);
      const from = performance.now();
      client.signal("SIGSTOP");
      const visits = await Promise.all(Array.from({ length: 61 }, async (_, second) => {
        await sleep(second * 1_000);
        const began = performance.now();
        const what = await got(world, home).catch(() => "closed");
        return { what, seconds: (performance.now() - began) / 1_000 };
      }));
      client.signal("SIGCONT");
      const slowest = Math.max(...visits.map(({ seconds }) => seconds));
      const { busyMs } = await world.bystander.since(from);
      assert.ok(slowest < ANSWERED_S + busyMs / 1_000, `one was answered after ${slowest} s`);
      assert.equal(visits.at(-1)!.what, "offline");
      const back = await servedWithin(world, home, BACK_S);
      return `all answered within ${slowest.toFixed(1)} s, back ${back} after it went on`;
    },
  },
  {
    name: "address changed",
    async happen(world) {
      await using home = await world.home();
      const client = await online(home);
      await home.way.moveAddress();
      await client.said(AWAY);
      return `noticed, back after ${await servedWithin(world, home, BACK_S)}`;
    },
  },
];
