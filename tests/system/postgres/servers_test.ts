import assert from "node:assert/strict";
import { loadConfig } from "../../../lib/config/load.ts";
import { checkDatabase } from "../../../lib/doctor/database.ts";
import { openPostgres } from "../../../lib/store/postgres/open.ts";
import { choiceFor } from "../../../lib/store/postgres/server_choice.ts";
import { parsePostgresUrl } from "../../../lib/wire/postgres_url.ts";
import { until } from "../../certificate/helpers.ts";
import { TRACE } from "../../store/trace.ts";
import { PostgresServer } from "./server.ts";
import { DisposableEngine } from "./stores.ts";

/** What doctor says of a database. */
async function checkOf(url: string): Promise<string[]> {
  const { settings } = loadConfig({ dev: true, env: { GLOSSOND_DATABASE_URL: url } });
  const found = await checkDatabase(settings!, Date.now);
  return found.map((finding) => Object.values(finding).slice(1).join("; "));
}

Deno.test("of several servers doctor and relay tell how each is, and when to promote a standby", async () => {
  await using one = await PostgresServer.start();
  await using two = await PostgresServer.start();
  await two.createDatabase();
  const first = new URL(await one.createDatabase());
  const second = `${encodeURIComponent(two.folder)}:${two.port}`;
  const url = `postgres://glossond@${first.host},${second}${first.pathname}`;
  const [atOne, atTwo] = [one, two].map(({ folder, port }) => `${folder}, port ${port}`);
  const check = () => checkOf(url);
  /** What a relay says that starts now. */
  async function faultOfRelay(): Promise<string> {
    await using engine = new DisposableEngine({ address: parsePostgresUrl(url) });
    return await engine.read((ask) => ask("SELECT 1")).then(() => "", ({ message }) => message);
  }

  assert.match((await check()).join("\n"), /^fault; two servers take changes: .*$/);
  await two.becomeStandby();
  const [primary, standby] = await check();
  assert.match(primary!, new RegExp(`^ok; ${atOne}: .*, takes changes$`));
  assert.match(
    standby!,
    new RegExp(`^warning; ${atTwo} is a standby that has had nothing of the primary yet; see`),
  );

  await one.psql("ALTER DATABASE test1 CONNECTION LIMIT 0", "postgres");
  const [refusing, beside] = await check();
  assert.match(refusing!, /^fault; .*too many connections .*; raise what limits them/);
  assert.match(beside!, /^fault; .* as a standby: .*; mend the other server, .* do not promote/);
  assert.match(await faultOfRelay(), /too many connections .*; raise what limits them/);

  await one.psql(
    "ALTER DATABASE test1 CONNECTION LIMIT -1; ALTER DATABASE test1 SET default_transaction_read_only = on",
    "postgres",
  );
  const [set, other] = await check();
  assert.match(set!, new RegExp(`^fault; ${atOne} is read-only, and no standby: .*; turn off`));
  assert.match(other!, /; mend the other server, .* do not promote this one$/);
  assert.match(await faultOfRelay(), /default_transaction_read_only is on; turn that off/);

  await one.stop();
  const [away, left, ...others] = await check();
  assert.match(away!, /^fault; .*see that the server runs/);
  assert.match(left!, /^fault; .* as a standby: .*; start the primary, or promote this one$/);
  assert.match(
    await faultOfRelay(),
    /as a standby; none .*: start the primary, or promote a standby$/,
  );
  assert.deepEqual(others, []);

  await one.becomeStandby();
  for (const line of await check()) {
    assert.match(
      line,
      /^fault; .*as a standby: .*; have GLOSSOND_DATABASE_URL lead to the primary$/,
    );
  }
  assert.match(await faultOfRelay(), /as a standby; .* lead to the primary$/);
});

Deno.test("of two servers that take changes a relay that starts takes the one promoted last, or neither", async () => {
  await using former = await PostgresServer.start();
  const first = new URL(await former.createDatabase());
  await using promoted = await former.copy();
  const second = `${encodeURIComponent(promoted.folder)}:${promoted.port}`;
  const urlOf = (...hosts: string[]) => `postgres://glossond@${hosts}${first.pathname}`;
  /** Which one a relay that starts works with, or why none. */
  async function chosen(...hosts: string[]): Promise<string> {
    const url = urlOf(...hosts);
    const place = { address: parsePostgresUrl(url) };
    try {
      await (await openPostgres(place)).close();
    } catch (error) {
      return (error as Error).message;
    }
    await using engine = new DisposableEngine(place);
    const { rows } = await engine.read((ask) => ask("SELECT current_setting('port') AS port"));
    return String(rows[0]!.port);
  }

  assert.match(
    await chosen(first.host, second),
    /both take changes since the same promotion \(timeline 1\); stop one of them/,
  );
  await promoted.becomeStandby();
  assert.equal(await chosen(second, first.host), `${former.port}`);
  await promoted.promote();
  assert.equal(await chosen(first.host, second), `${promoted.port}`);
  assert.equal(await chosen(second, first.host), `${promoted.port}`);
  const [rivals] = await checkOf(urlOf(first.host, second));
  const [wrong, right] = [former, promoted].map(({ folder, port }) => `${folder}, port ${port}`);
  assert.match(rivals!, new RegExp(`; stop ${wrong}, and make it a standby of ${right}$`));

  await using stranger = await PostgresServer.start();
  await stranger.createDatabase();
  const third = `${encodeURIComponent(stranger.folder)}:${stranger.port}`;
  assert.match(
    await chosen(first.host, third),
    /both take changes, and neither was made from the other; name the right one alone/,
  );
  // Left for the other by logical replication.
  await stranger.psql(
    "ALTER DATABASE test1 SET default_transaction_read_only = on",
    "postgres",
  );
  assert.equal(await chosen(third, first.host), `${former.port}`);
});

Deno.test("a relay that runs leaves a primary once another was promoted, and changes nothing between two", async () => {
  await using former = await PostgresServer.start();
  const first = new URL(await former.createDatabase());
  await (await openPostgres({ address: parsePostgresUrl(first.href) })).close();
  await using other = await former.copy();
  await other.becomeStandby();
  const second = `${encodeURIComponent(other.folder)}:${other.port}`;
  const address = parsePostgresUrl(`postgres://glossond@${first.host},${second}${first.pathname}`);
  const store = await openPostgres({ address });
  await using _stop = { [Symbol.asyncDispose]: () => store.close() };
  /** Has it written that a name is blocked. */
  const block = (username: string) => store.accounts.setBlocked(username, true, TRACE);
  const blockedAt = async (server: PostgresServer) =>
    (await server.psql("SELECT username FROM blocked_name ORDER BY 1", "test1")).split("\n");
  /** Waits until nothing but the look at how it is leads to a server. */
  const isLeft = (server: PostgresServer) =>
    until(
      async () =>
        Number(
          await server.psql(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'glossond'",
            "postgres",
          ),
        ) <= 1,
      "the server is left",
      15_000,
    );

  // By all connections of the pool, each of which stays.
  await Promise.all(Array.from({ length: 8 }, (_, i) => block(`before${i}`)));
  await other.promote();
  await isLeft(former);
  await Promise.all(Array.from({ length: 8 }, (_, i) => block(`after${i}`)));
  const at = Array.from({ length: 8 }, (_, i) => `after${i}`);
  assert.deepEqual(await blockedAt(other), at);
  // It listens there, too.
  await other.psql(
    "INSERT INTO account (username, token_hash, created_at, verified_at, offline_page) VALUES ('inara', '\\x00', 1, 1, 'none'); NOTIFY glossond_name, 'inara'",
    "test1",
  );
  await until(async () => (await store.accounts.hiddenNames()).has("inara"), "it is told");

  await former.becomeStandby();
  await former.promote();
  let why = "";
  await until(async () => {
    why = await block("meanwhile").then(() => "", ({ message }) => message);
    return why !== "";
  }, "it is seen that there are two");
  assert.match(why, /both take changes since the same promotion \(timeline 2\); stop one of them/);
  assert.equal((await store.accounts.blockOf("after0"))?.username, "after0");
  await assert.rejects(block("never"), { name: "StoreError", message: why });
  await former.stop();
  await until(() => block("once").then(() => true, () => false), "one is left", 15_000);
  // What was taken before there were seen to be two, if anything was.
  const others = (await blockedAt(other)).filter((username) => username !== "meanwhile");
  assert.deepEqual(others, [...at, "once"]);
});

Deno.test("what waits for a standby at one server is ended there, though another one is worked with by then", async () => {
  await using former = await PostgresServer.start();
  const first = new URL(await former.createDatabase());
  await using promoted = await former.copy();
  const second = `${encodeURIComponent(promoted.folder)}:${promoted.port}`;
  const address = parsePostgresUrl(`postgres://glossond@${first.host},${second}${first.pathname}`);
  await using engine = new DisposableEngine({ address }, { lockTimeoutMs: 100 });
  await engine.write((ask) => ask("CREATE TABLE kept (word text)"));
  await using _standby = await former.waitForStandby();
  const waiting = async () =>
    await former.psql(
      "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'",
      "postgres",
    );
  const refused = (async () => {
    // The server reads its settings a moment after it was told to.
    while (true) await engine.write((ask) => ask("INSERT INTO kept VALUES ('a')"));
  })().catch((error) => error.message);
  await until(async () => await waiting() === "1", "it waits");
  choiceFor(address).failed(address.servers[0]!, new Error("another one was promoted"));
  assert.match(await refused, /Query read timeout/);
  assert.equal(await waiting(), "0");
});
