import assert from "node:assert/strict";
import { loadConfig } from "../../../lib/config/load.ts";
import { buildClients } from "../../../lib/daemon/clients.ts";
import { watchCluster } from "../../../lib/daemon/cluster.ts";
import { layGround } from "../../../lib/daemon/ground.ts";
import { buildUsage } from "../../../lib/daemon/usage.ts";
import { SILENT_LOG } from "../../../lib/log.ts";
import { temporaryFolder } from "../../certificate/helpers.ts";
import { grantToken } from "../../store/grant_token.ts";
import { TRACE } from "../../store/trace.ts";
import { settingVariables } from "../../stories/environment.ts";
import { PostgresServer } from "./server.ts";

Deno.test("limits that another relay sets while one starts hold there", async () => {
  await using server = await PostgresServer.start();
  await using folder = temporaryFolder();
  const ports = ["HUB", "DATA", "CONTROL", "PAGES", "ADMIN", "PUBLIC"].map((
    name,
  ) => [`${name}_PORT`, "0"]);
  const { settings, problems } = loadConfig({
    env: settingVariables({
      ...Object.fromEntries(ports),
      ...{ BASE_DOMAIN: "glosson.localhost", AUTHORITY: "local", DATA_HOST: "127.0.0.1" },
      ...{ STATE_DIR: `${folder.path}/state`, GET_BIO_SCRIPT: `${folder.path}/get_bio.py` },
      DATABASE_URL: await server.createDatabase(),
    }),
  });
  assert.deepEqual(problems, []);
  const closers: (() => unknown)[] = [];
  try {
    const events = { onClose: (close: () => unknown) => closers.push(close), onReload() {} };
    const ground = await layGround(settings!, SILENT_LOG, events, { process: 1 });
    const { store } = ground;
    const { limits } = store;
    for (const username of ["kaylee", "river"]) await grantToken(store, username);
    await limits.set("kaylee", { connections: 1 }, TRACE);
    const users = await buildUsage(ground);
    assert.equal(users.limits.of("kaylee").connections, 1);
    // As the other does it, by the store alone: the notice of it is told before anybody here listens.
    await limits.set("kaylee", { connections: 7 }, TRACE);
    await limits.set("river", { bytesPerDay: 5 }, TRACE);
    await watchCluster(ground, {
      ...await buildClients(ground),
      users,
      hub: { joined: 0, dropVisitors() {} },
      forget: () => assert.fail("nothing was released"),
      reload: () => assert.fail("nothing is to be reloaded"),
    });
    assert.equal(users.limits.of("kaylee").connections, 7);
    assert.equal(users.limits.of("river").bytesPerDay, 5);
  } finally {
    for (const close of closers.toReversed()) await close();
  }
});
