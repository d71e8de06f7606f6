import assert from "node:assert/strict";
import { loadConfig } from "../../../lib/config/load.ts";
import { checkDatabase } from "../../../lib/doctor/database.ts";
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

  assert.match(await check(), /^PostgreSQL; ok; \d+\.\d+ .*, by TLS, takes changes$/);
  assert.match(await check({}, 3_600_000), /warning; its clock is 3600.* s ahead of this one's/);
  const missing = { GLOSSOND_DATABASE_CA_FILE: "/nowhere/ca.pem" };
  assert.match(await check(missing), /fault; Cannot read GLOSSOND_DATABASE_CA_FILE: .*nowhere/);
  const misnamed = { GLOSSOND_DATABASE_URL: url.replace("localhost", "127.0.0.1") };
  assert.match(await check(misnamed), /fault; .*certificate is for 127\.0\.0\.1/);
  await server.psql("ALTER DATABASE test1 SET default_transaction_read_only = on", "postgres");
  assert.match(await check(), /fault; is read-only: .*; have GLOSSOND_DATABASE_URL lead to the/);
  await server.stop();
  assert.match(await check(), /fault; .*see that the server runs/);
  assert.doesNotMatch(await check(), /secret/);
});
