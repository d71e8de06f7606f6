import assert from "node:assert/strict";
import { nameCaaReader } from "../../../lib/dns/name_caa.ts";
import { NameKeeper } from "../../../lib/dns/name_keeper.ts";
import { readPostgresNames } from "../../../lib/store/postgres/look.ts";
import { openPostgres } from "../../../lib/store/postgres/open.ts";
import { MIGRATIONS } from "../../../lib/store/postgres/schema.ts";
import type { Store } from "../../../lib/store/store.ts";
import { ISSUER_KEPT_MS } from "../../../lib/store/caa.ts";
import { parsePostgresUrl } from "../../../lib/wire/postgres_url.ts";
import { memoryZone } from "../../dns/memory_zone.ts";
import { grantToken } from "../../store/grant_token.ts";
import { PostgresServer } from "./server.ts";
import { DisposableEngine } from "./stores.ts";

const BASE = "glosson.test";
const KAYLEE = `kaylee.${BASE}`;

const accountOf = (relay: string) => `https://ca.test/acct/${relay}`;

Deno.test("a user's CAA records let each relay of BASE order, whichever writes them, and none that is gone for long", async () => {
  await using server = await PostgresServer.start();
  const place = { address: parsePostgresUrl(await server.createDatabase()) };
  const clock = { now: 1_800_000_000_000 };
  const stores: Store[] = [];
  const zone = memoryZone(BASE);
  zone.put(`*.${BASE}`, "A", "192.0.2.1");

  /** A relay's keeper of names, with an ACME account of its own. */
  async function relay(id: string): Promise<{ store: Store; keeper: NameKeeper }> {
    const store = await openPostgres(place, { now: () => clock.now });
    stores.push(store);
    const keeper = new NameKeeper({
      ...{ baseDomain: BASE, dns: zone.dns, inTurn: (action) => action(), store: store.names },
      claimed: () => Promise.resolve([KAYLEE]),
      isClaimed: (name) => Promise.resolve(name === KAYLEE),
      caa: nameCaaReader({
        ...{ baseDomain: BASE, store: store.caa, relay: id, now: () => clock.now },
        issuer: () => Promise.resolve({ authority: "ca.test", accountUrl: accountOf(id) }),
      }),
    });
    return { store, keeper };
  }

  const allowed = (): string[] =>
    (zone.at(KAYLEE).CAA ?? []).flatMap((value) => /accounturi=([^;]+)/.exec(value)?.[1] ?? []);

  try {
    const one = await relay("relay-1");
    const two = await relay("relay-2");
    await one.store.caa.set(await grantToken(one.store, "kaylee"), "relay", "{}");
    await one.keeper.follow(KAYLEE);
    assert.deepEqual(allowed(), [accountOf("relay-1")]);
    // The other one makes itself known before it orders, and takes nobody's place.
    await two.keeper.keep([KAYLEE]);
    const both = [accountOf("relay-1"), accountOf("relay-2")];
    assert.deepEqual(allowed(), both);
    await one.keeper.keep([KAYLEE]);
    assert.deepEqual(allowed(), both);
    assert.equal((await one.keeper.inspectCaa(KAYLEE)).written, true);

    clock.now += ISSUER_KEPT_MS;
    await two.keeper.keep([KAYLEE]);
    assert.deepEqual(allowed(), [accountOf("relay-2")]);
    assert.equal(zone.at(KAYLEE).A?.length, 1);
  } finally {
    for (const store of stores) await store.close();
  }
});

Deno.test("names are read of a database that knows no CAA records yet", async () => {
  await using server = await PostgresServer.start();
  const place = { address: parsePostgresUrl(await server.createDatabase()) };
  const before = MIGRATIONS.findIndex(({ sql }) => sql.includes("CREATE TABLE user_caa"));
  await using engine = new DisposableEngine(place);
  await engine.write(async (ask) => {
    for (const { sql } of MIGRATIONS.slice(0, before)) await ask(sql);
    await ask(
      `INSERT INTO account (username, token_hash, created_at, verified_at)
       VALUES ('kaylee', '\\x00', 1, 2)`,
    );
  });
  const nothing = { below: new Map(), caa: new Map(), issuers: [] };
  assert.deepEqual(await readPostgresNames(place), { usernames: ["kaylee"], ...nothing });
});
