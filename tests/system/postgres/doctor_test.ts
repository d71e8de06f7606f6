import assert from "node:assert/strict";
import { PostgresCluster } from "../../../lib/cluster/postgres/engine.ts";
import { loadConfig } from "../../../lib/config/load.ts";
import { checkDatabase } from "../../../lib/doctor/database.ts";
import { checkPeers } from "../../../lib/doctor/peers.ts";
import { PostgresEngine } from "../../../lib/store/postgres/engine.ts";
import { openPostgres } from "../../../lib/store/postgres/open.ts";
import { parsePostgresUrl } from "../../../lib/wire/postgres_url.ts";
import { freePort } from "../../../scripts/ports.ts";
import { PostgresServer } from "./server.ts";

Deno.test("doctor tells how the PostgreSQL server is, and what to do about it", async () => {
  await using server = await PostgresServer.start();
  const url = `${server.tcpUrlOf(await server.createDatabase())}?sslmode=verify-full`;
  async function check(more: Record<string, string> = {}, ahead = 0): Promise<string> {
    const { settings, problems } = loadConfig({
      dev: true,
      env: {
        GLOSSOND_DATABASE_URL: url,
        GLOSSOND_DATABASE_CA_FILE: server.caFile,
        ...more,
      },
    });
    assert.deepEqual(problems, []);
    const [finding, ...others] = await checkDatabase(settings!, () => Date.now() - ahead);
    assert.deepEqual(others, []);
    return Object.values(finding!).join("; ");
  }

  assert.match(await check(), /^PostgreSQL; ok; \d+\.\d+.*, by TLS, takes changes$/);
  assert.match(await check({}, 3_600_000), /warning; its clock is 3600.* s ahead of this one's/);
  const missing = { GLOSSOND_DATABASE_CA_FILE: "/nowhere/ca.pem" };
  assert.match(await check(missing), /fault; Cannot read GLOSSOND_DATABASE_CA_FILE: .*nowhere/);
  const misnamed = { GLOSSOND_DATABASE_URL: url.replace("localhost", "127.0.0.1") };
  assert.match(await check(misnamed), /fault; .*certificate is for 127\.0\.0\.1/);
  await server.psql("ALTER DATABASE test1 SET default_transaction_read_only = on", "postgres");
  assert.match(await check(), /fault; .* is read-only, and no standby: .*; turn off default_tran/);
  await server.expireCertificate();
  assert.match(
    await check(),
    /fault; .*certificate.*expired.*; give the server a certificate that/i,
  );
  await server.stop();
  assert.match(await check(), /fault; .*see that the server runs/);
  assert.doesNotMatch(await check(), /secret/);
});

Deno.test("doctor tells what is wrong with each other relay", async () => {
  await using server = await PostgresServer.start();
  const url = await server.createDatabase();
  const { settings } = loadConfig({
    dev: true,
    env: { GLOSSOND_DATABASE_URL: url, GLOSSOND_RELAY_ID: "me" },
  });
  const place = { address: parsePostgresUrl(url) };
  async function check(): Promise<string[]> {
    return (await checkPeers(settings!)).map((finding) => Object.values(finding).join("; "));
  }
  assert.match((await check()).join(), /^other relays; skipped; are not known before/);
  await (await openPostgres(place)).close();
  assert.deepEqual(await check(), []);

  const port = freePort();
  for (const [relay, version, aheadMs] of [["me", "0", 0], ["odd", "0", 3_600_000]] as const) {
    const self = { relay, version, boot: relay, data: { dataHost: "127.0.0.1", dataPort: port } };
    const engine = new PostgresEngine(place);
    const cluster = new PostgresCluster(engine, self, () => Date.now() + aheadMs);
    await cluster.join();
    await cluster.beat({ users: 0, visitors: 0 });
    // As one that dies, it does not leave.
    await engine.close();
  }
  const [unreached, older, clock, ...others] = await check();
  assert.match(
    unreached!,
    new RegExp(
      `^relay odd; fault; its data port 127\\.0\\.0\\.1:${port} cannot be reached .*refused`,
    ),
  );
  assert.match(older!, /^relay odd; warning; runs 0, and this is .*; bring both/);
  assert.match(
    clock!,
    /^relay odd; warning; its clock is 3600 s ahead of the database's; have all/,
  );
  assert.deepEqual(others, []);

  await server.psql("UPDATE relay SET heard_at = heard_at - interval '65 s'", "test1");
  assert.match(
    (await check()).join(),
    /^relay odd; warning; is not alive: .* heard 6\d s ago; start/,
  );
  await server.stop();
  assert.match(
    (await check()).join(),
    /^other relays; skipped; .* while the database cannot be read/,
  );
});
