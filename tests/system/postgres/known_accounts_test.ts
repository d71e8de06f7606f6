import assert from "node:assert/strict";
import { StoreError } from "../../../lib/store/error.ts";
import type { Ask } from "../../../lib/store/postgres/engine.ts";
import { KnownAccounts } from "../../../lib/store/postgres/known_accounts.ts";
import { listen } from "../../../lib/store/postgres/listener.ts";
import type { Store } from "../../../lib/store/store.ts";
import { parsePostgresUrl } from "../../../lib/wire/postgres_url.ts";
import { until } from "../../certificate/helpers.ts";
import { grantToken } from "../../store/grant_token.ts";
import { TRACE } from "../../store/trace.ts";
import { PostgresServer } from "./server.ts";
import { DisposableEngine, storesOn } from "./stores.ts";

let server: PostgresServer;

Deno.test.beforeAll(async () => {
  server = await PostgresServer.start();
});

Deno.test.afterAll(() => server[Symbol.asyncDispose]());

/** Whose answers to statements of a text can be held back, as those of a slow way are. */
class SlowEngine extends DisposableEngine {
  readonly reached = Promise.withResolvers<void>();
  readonly released = Promise.withResolvers<void>();
  #slow: string | undefined;

  /** How often it was asked for names' blocks. */
  reads = 0;

  /** Holds back the answer to the next one that has the text in it. */
  holdNext(slow: string): void {
    this.#slow = slow;
  }

  override read<T>(work: (ask: Ask) => Promise<T>): Promise<T> {
    return super.read((ask) =>
      work(async (sql, values) => {
        if (sql.includes("FROM blocked_name")) this.reads++;
        const answer = await ask(sql, values) as never;
        if (this.#slow === undefined || !sql.includes(this.#slow)) return answer;
        this.#slow = undefined;
        this.reached.resolve();
        await this.released.promise;
        return answer;
      })
    );
  }
}

/** What one relay does, and what another one knows. */
async function world(): Promise<
  AsyncDisposable & { store: Store; known: KnownAccounts; engine: SlowEngine; database: string }
> {
  const { stores, url, database, ...opened } = await storesOn(server, 1);
  const engine = new SlowEngine({ address: parsePostgresUrl(url) });
  const known = new KnownAccounts(engine);
  return {
    ...{ store: stores[0]!, known, engine, database },
    async [Symbol.asyncDispose]() {
      await engine.close();
      await known.close();
      await opened[Symbol.asyncDispose]();
    },
  };
}

/** How the database being away shows. */
function away(): Promise<never> {
  return Promise.reject(new StoreError("away"));
}

Deno.test("a name that changes over and over is read 20 times a second at most, and as it is in the end", async () => {
  await using it = await world();
  await it.known.start();
  const [before, began] = [it.engine.reads, performance.now()];
  const passes: Promise<void>[] = [];
  while (performance.now() - began < 2_000) {
    passes.push(it.known.refresh("mallory"));
    await new Promise((resolve) => setTimeout(resolve));
  }
  await it.store.accounts.setBlocked("mallory", true, TRACE);
  await Promise.all(passes);
  await it.known.refresh("mallory");
  const seconds = (performance.now() - began) / 1_000;
  const asked = it.engine.reads - before;
  assert.ok(
    asked <= 20 + 20 * seconds + 1,
    `${asked} times in ${seconds} s, ${passes.length} changes`,
  );
  assert.equal((await it.known.blockOf("mallory", away()))?.username, "mallory");
});

Deno.test("all is read again when an older relay starts: one like it that was killed may not have told what it changed", async () => {
  await using it = await world();
  await it.known.start();
  await it.engine.write((ask) =>
    ask("INSERT INTO blocked_name (username, blocked_at) VALUES ('inara', 1)")
  );
  assert.equal(await it.known.blockOf("inara", away()).catch(() => undefined), undefined);
  await it.engine.write((ask) => ask("SELECT pg_notify('glossond_name', '')"));
  await until(
    async () => (await it.known.blockOf("inara", away()).catch(() => undefined)) !== undefined,
    "what its author did not tell is read",
  );
});

Deno.test("a change is told once, by another one where who made it was killed, and a start tells nothing", async () => {
  await using it = await world();
  await it.known.start();
  const told: string[] = [];
  const listening = listen(it.engine, {
    channels: ["glossond_name"],
    onNotice: (_channel, username) => void told.push(username),
    onConnected: () => it.store.accounts.setBlocked("mallory", true, TRACE).then(() => {}),
  });
  await until(() => told.length > 0, "it is told");
  await it.engine.write(async (ask) => {
    await ask("INSERT INTO blocked_name (username, blocked_at) VALUES ('inara', 1)");
    await ask("INSERT INTO untold (username, notice) VALUES ('inara', NULL), ('inara', 'cut-off')");
  });
  const another = new KnownAccounts(it.engine);
  await another.start();
  await until(
    async () => (await it.known.blockOf("inara", away()).catch(() => undefined)) !== undefined,
    "what its author did not tell is read",
  );
  assert.deepEqual(told, ["mallory", "inara"]);
  const notices = await it.engine.read((ask) =>
    ask("SELECT kind, username FROM notice ORDER BY number")
  );
  assert.deepEqual(
    notices.rows,
    ["mallory", "inara"].map((username) => ({ kind: "cut-off", username })),
  );
  await listening.close();
});

Deno.test("what could not be read when it was told of is read as soon as it can be", async () => {
  await using it = await world();
  const token = await grantToken(it.store, "kaylee");
  await grantToken(it.store, "inara");
  await it.known.start();
  it.known.see(token, (await it.store.accounts.byToken(token))!);
  await server.psql("ALTER TABLE own_domain RENAME TO unreadable", it.database);
  await it.store.accounts.setPreferences(token, { offlinePage: "none" });
  await it.store.accounts.setBlocked("mallory", true, TRACE);
  await it.known.refresh("kaylee");
  await it.known.refresh("mallory");
  assert.equal(it.known.hidden.has("kaylee"), false);
  await assert.rejects(it.known.accountOf(token, away()), StoreError);
  await server.psql("ALTER TABLE unreadable RENAME TO own_domain", it.database);
  await until(() => it.known.hidden.has("kaylee"), "the page is hidden");
  assert.equal((await it.known.blockOf("mallory", away()))?.username, "mallory");
  // What the database itself tells of the change may come after that, and is read once more.
  await until(async () => {
    const account = await it.known.accountOf(token, away()).catch(() => undefined);
    return account?.username === "kaylee";
  }, "the token is known");
});

Deno.test("what is told while all is read is the newer", async () => {
  await using it = await world();
  const token = await grantToken(it.store, "kaylee");
  await it.store.domains.put("example.org", token, { max: 2, dueMs: 9e12 });
  it.engine.holdNext("FROM own_domain");
  const starting = it.known.start();
  await it.engine.reached.promise;
  await it.store.domains.remove("example.org", token);
  await it.store.domains.put("example.net", token, { max: 2, dueMs: 9e12 });
  const refreshed = it.known.refresh("kaylee");
  // Where it does not wait it is done by then.
  await it.engine.read((ask) => ask("SELECT pg_sleep(0.2)"));
  it.engine.released.resolve();
  await Promise.all([starting, refreshed]);
  assert.equal(it.known.owners.of("example.org"), undefined);
  assert.equal(it.known.owners.of("example.net"), "kaylee");
});

Deno.test("a token that was replaced while its question was open is not remembered again", async () => {
  await using it = await world();
  const token = await grantToken(it.store, "kaylee");
  await it.known.start();
  const account = (await it.store.accounts.byToken(token))!;
  it.known.see(token, account);
  const answer = Promise.withResolvers<typeof account>();
  const open = it.known.accountOf(token, answer.promise);
  await grantToken(it.store, "kaylee");
  await it.known.refresh("kaylee");
  answer.reject(new StoreError("away"));
  // Asked before it was replaced.
  assert.deepEqual(await open, account);
  await assert.rejects(it.known.accountOf(token, away()), StoreError);
});

Deno.test("a domain that goes from one user to another is the other one's, in whatever order that is told", async () => {
  await using it = await world();
  const kaylee = await grantToken(it.store, "kaylee");
  const inara = await grantToken(it.store, "inara");
  await it.store.domains.put("example.org", kaylee, { max: 1, dueMs: 9e12 });
  await it.known.start();
  assert.equal(it.known.owners.of("example.org"), "kaylee");
  await it.store.domains.put("example.org", inara, { max: 1, dueMs: 9e12, from: "kaylee" });
  await it.known.refresh("inara");
  await it.known.refresh("kaylee");
  assert.equal(it.known.owners.of("example.org"), "inara");
  await it.store.accounts.release("inara", TRACE);
  await it.known.refresh("inara");
  assert.equal(it.known.owners.of("example.org"), undefined);
});
