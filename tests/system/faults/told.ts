import assert from "node:assert/strict";
import { until } from "../../certificate/helpers.ts";
import { EXIT } from "../../../examples/client/exit_codes.ts";
import { glossondCommand } from "../../stories/admin_command.ts";
import { endOf } from "../../../scripts/run.ts";
import { visit } from "../../stories/user.ts";
import { AWAY, ONLINE } from "./home.ts";
import { got, online, servedWithin } from "./steps.ts";
import { BASE } from "./way.ts";
import type { Row } from "./world.ts";

/** Connections that a client keeps parked at first. */
const PARKED = 4;

/** What a client goes on through, or ends for, and tells. */
export const TOLD: Row[] = [
  {
    name: "relay's certificate replaced",
    async happen(world) {
      const { relay } = world;
      await using home = await world.home();
      const client = await online(home);
      const file = `${relay.stateDir}/relay.pem`;
      const before = await Deno.readTextFile(file);
      const settings = { AUTHORITY: "local", BASE_DOMAIN: BASE };
      const renewed = glossondCommand(relay.stateDir, ["cert", "renew", "--force"], settings);
      const { code, text } = await endOf(renewed);
      assert.equal(code, 0, text);
      assert.notEqual(await Deno.readTextFile(file), before);
      assert.equal(client.count(AWAY), 0);
      home.way.gate.reset();
      await client.said(AWAY);
      return `the session went on, the next one is there after ${await servedWithin(
        world,
        home,
        10,
      )}`;
    },
  },
  {
    name: "data port blocked while control lives",
    async happen(world) {
      await using home = await world.home();
      const client = await online(home);
      const { data } = world.relay.ports as { data: number };
      await until(async () => await home.way.connections(data) > 0, "parked connections");
      await home.way.filter({
        leaving: `tcp dport ${data} drop`,
        coming: `tcp sport ${data} drop`,
      });
      home.way.gate.reset();
      await client.said(/The relay's data port cannot be used in this network/);
      assert.equal(client.count(ONLINE), 2, "control came back");
      // Nobody has come yet.
      assert.equal(await got(world, home), "served");
      return "the user was told before a visitor came, who was served over the control port";
    },
  },
  ...["drop", "reject with tcp reset"].map((verdict): Row => ({
    name: `parked connections that a NAT forgot (${verdict})`,
    async happen(world) {
      await using home = await world.home();
      const client = await online(home);
      const { data } = world.relay.ports as { data: number };
      const parked = () =>
        until(async () => await home.way.connections(data) >= PARKED, "parked connections");
      await parked();
      assert.equal(await got(world, home), "served");
      await parked();
      await home.way.forget(data, verdict);
      const from = performance.now();
      const times: number[] = [];
      for (let i = 0; i < 2; i++) {
        const began = performance.now();
        assert.equal((await visit(world.relay, home.hostname)).status, 200);
        times.push(Math.round(performance.now() - began));
      }
      const { busyMs } = await world.bystander.since(from);
      assert.ok(times[0]! < 4_000 + busyMs, `${times[0]} ms`);
      // That the others are dead is known by then.
      assert.ok(times[1]! < 900 + busyMs, `${times[1]} ms`);
      assert.equal(client.count(AWAY), 0);
      return `the next visitors were served after ${times.join(" and ")} ms`;
    },
  })),
  {
    name: "second machine, and token revoked",
    async happen(world) {
      await using home = await world.home();
      const first = await online(home);
      const second = await online(home, { stateDir: await home.copyState() });
      assert.equal(await first.ended, EXIT.replaced);
      await first.said(/Another glosson run took over this name/);
      await home.setUpAgain(world.relay);
      assert.equal(await second.ended, EXIT.unauthorized);
      await second.said(/no longer accepts this account's token/);
      return `they stopped with codes ${EXIT.replaced} and ${EXIT.unauthorized}, and said why`;
    },
  },
];
