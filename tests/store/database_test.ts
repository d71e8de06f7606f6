import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { readNamesOf, storeOn } from "../../lib/store/sqlite/open.ts";
import { openDatabase } from "../../lib/store/sqlite/database.ts";
import { run } from "../../scripts/run.ts";
import { temporaryFolder } from "../certificate/helpers.ts";
import { MIGRATIONS } from "../../lib/store/sqlite/schema.ts";
import { grantToken } from "./grant_token.ts";
import { TRACE } from "./trace.ts";

/** Names, sizes and permissions of all that is in a folder. */
function look(folder: string): Record<string, string> {
  return Object.fromEntries(
    [...Deno.readDirSync(folder)].map(({ name }) => {
      const { size, mode } = Deno.lstatSync(`${folder}/${name}`);
      return [name, `${size} ${(mode! & 0o777).toString(8)}`] as const;
    }).sort(),
  );
}

Deno.test("openDatabase() lets nobody but its owner read the database or what is beside it", async () => {
  await using folder = temporaryFolder();
  const umask = Deno.umask(0o022);
  try {
    const db = openDatabase(`${folder.path}/x.sqlite`);
    await grantToken(storeOn(db), "kaylee");
    const modes = Object.values(look(folder.path)).map((entry) => entry.split(" ")[1]);
    db.close();
    assert.deepEqual(modes, ["600", "600", "600"]);
  } finally {
    Deno.umask(umask);
  }
});

/** What can be wrong with a database, what is said, and what has to be done to mend it. */
const FAULTS: Record<string, { spoil: (path: string) => unknown; why: RegExp; fix: RegExp }> = {
  "another kind of file": {
    spoil: (path) => Deno.writeTextFileSync(path, "no database\n".repeat(100)),
    why: /file is not a database/,
    fix: /it is damaged, and was left as it is: move it aside/,
  },
  "zeros": {
    spoil: (path) => Deno.writeFileSync(path, new Uint8Array(8192)),
    why: /file is not a database/,
    fix: /put a copy in its place/,
  },
  "an empty file": {
    spoil: (path) => Deno.truncateSync(path, 0),
    why: /file is cut off/,
    fix: /it is damaged, and was left as it is/,
  },
  "a file cut off in its header": {
    spoil: (path) => Deno.truncateSync(path, 80),
    why: /file is cut off/,
    fix: /it is damaged/,
  },
  "a file cut off behind it": {
    spoil: (path) => Deno.truncateSync(path, 4096),
    why: /malformed/,
    fix: /it is damaged/,
  },
  "the -wal alone": {
    spoil(path) {
      Deno.removeSync(path);
      Deno.writeTextFileSync(`${path}-wal`, "changes");
    },
    why: /There is no database \S+, but its \S+-wal/,
    fix: /put both in their places/,
  },
  "a newer schema": {
    spoil(path) {
      const db = new DatabaseSync(path);
      db.exec("PRAGMA user_version = 1000");
      db.close();
    },
    why: /has schema 1000/,
    fix: /run the newer glossond/,
  },
  "a folder of its name": {
    spoil(path) {
      Deno.removeSync(path);
      Deno.mkdirSync(path);
    },
    why: /it is a folder, where a plain file belongs/,
    fix: /remove it/,
  },
};

for (const [what, { spoil, why, fix }] of Object.entries(FAULTS)) {
  Deno.test(`openDatabase() names the path and the fix for ${what}, and changes nothing`, async () => {
    await using folder = temporaryFolder();
    const path = `${folder.path}/x.sqlite`;
    openDatabase(path).close();
    spoil(path);
    const before = look(folder.path);
    for (let tries = 0; tries < 2; tries++) {
      assert.throws(() => openDatabase(path), (error: Error) => {
        assert.ok(error.message.includes(path), error.message);
        assert.match(error.message, why);
        assert.match(error.message, fix);
        return true;
      });
    }
    assert.deepEqual(look(folder.path), before);
  });
}

Deno.test("openDatabase() goes on with the database of every earlier version, and keeps a copy", async () => {
  for (let version = 1; version < MIGRATIONS.length; version++) {
    await using folder = temporaryFolder();
    const path = `${folder.path}/x.sqlite`;
    {
      using db = new DatabaseSync(path);
      for (const step of MIGRATIONS.slice(0, version)) db.exec(step);
      db.exec(`PRAGMA user_version = ${version};
        INSERT INTO account (username, token_hash, created_at, verified_at) VALUES ('kaylee', x'00', 1, 2);
        INSERT INTO blocked_name (username, blocked_at) VALUES ('mallory', 3);`);
    }
    const store = storeOn(openDatabase(path));
    const account = await store.accounts.byUsername("kaylee");
    assert.deepEqual([account?.createdAt, account?.verifiedAt], [1, 2], `version ${version}`);
    assert.deepEqual(await store.accounts.listBlocked(), [{ username: "mallory", blockedAt: 3 }]);
    // What came later holds for what was there before.
    await store.limits.set("kaylee", { connections: 3 }, TRACE);
    await store.accounts.release("kaylee", TRACE, { restMs: 60_000 });
    assert.equal((await store.rests.of("kaylee"))?.username, "kaylee");
    assert.deepEqual((await store.acts.list()).map(({ act }) => act), ["limit", "release"]);
    await store.close();
    using kept = new DatabaseSync(`${path}.schema-${version}`, { readOnly: true });
    assert.equal(kept.prepare("PRAGMA user_version").get()?.user_version, version);
    assert.equal(kept.prepare("SELECT username FROM account").get()?.username, "kaylee");
    assert.match(look(folder.path)[`x.sqlite.schema-${version}`]!, / 600$/);
    assert.deepEqual(Object.keys(look(folder.path)).filter((name) => /schema-.*\./.test(name)), []);
  }
});

Deno.test("readNamesOf() reads what there is in a database that knows no CAA records yet", async () => {
  await using folder = temporaryFolder();
  const path = `${folder.path}/x.sqlite`;
  {
    using db = new DatabaseSync(path);
    const before = MIGRATIONS.findIndex((step) => step.includes("CREATE TABLE user_caa"));
    for (const step of MIGRATIONS.slice(0, before)) db.exec(step);
    db.exec(
      "INSERT INTO account (username, token_hash, created_at, verified_at) VALUES ('kaylee', x'00', 1, 2)",
    );
  }
  const nothing = { below: new Map(), caa: new Map(), issuers: [] };
  assert.deepEqual(await readNamesOf(path), { usernames: ["kaylee"], ...nothing });
});

Deno.test("openDatabase() says that another program holds the database, where it has to change it", async () => {
  await using folder = temporaryFolder();
  const path = `${folder.path}/x.sqlite`;
  const holder = openDatabase(path);
  holder.exec("BEGIN IMMEDIATE");
  openDatabase(path).close();
  holder.exec(`COMMIT; PRAGMA user_version = ${MIGRATIONS.length - 1}; BEGIN IMMEDIATE`);
  assert.throws(
    () => openDatabase(path),
    new RegExp(`${path}: database is locked; another program holds it: end that one \\(fuser `),
  );
  holder.close();
});

Deno.test({
  name: "openDatabase() says who has to own a database that cannot be written",
  // Root can write everything, and become others.
  ignore: Deno.uid() !== 0,
  async fn() {
    await using folder = temporaryFolder();
    const path = `${folder.path}/x.sqlite`;
    openDatabase(path).close();
    Deno.chmodSync(folder.path, 0o755);
    Deno.chmodSync(path, 0o444);
    const { stdout } = await run(Deno.execPath(), [
      ...["eval", "--ext=ts"],
      `import process from "node:process";
         import { openDatabase } from "${
        import.meta.resolve("../../lib/store/sqlite/database.ts")
      }";
         process.setegid(12345);
         process.seteuid(12345);
         try { openDatabase("${path}"); } catch (error) { console.log(error.message); }`,
    ]);
    assert.match(
      stdout,
      /x\.sqlite: attempt to write a readonly database; let the user that glossond/,
    );
  },
});
