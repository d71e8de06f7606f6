import assert from "node:assert/strict";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { lstat } from "../../lib/file/plain_file.ts";
import type { SqliteOptions } from "../../lib/store/sqlite/open.ts";
import type { Store } from "../../lib/store/store.ts";
import { temporaryFolder, until } from "../certificate/helpers.ts";
import { grantToken } from "./grant_token.ts";
import { lockStore, storeIn, storePath } from "./helpers.ts";

/** How many pages of the log are put into the database together here. */
const PAGES = 20;

/** Disks that are waited for in this thread, and in another one. */
const DISKS = { quick: Infinity, slow: -1 };

/** A store, its path, and how many pages its log has, and of these not in the database. */
class Logged implements AsyncDisposable {
  readonly #folder = temporaryFolder();
  readonly path = storePath(this.#folder.path);
  readonly store: Store;
  readonly #db: DatabaseSync;
  #made = 0;

  constructor(disk: keyof typeof DISKS, options?: SqliteOptions) {
    this.store = storeIn(this.#folder.path, {
      checkpointPages: PAGES,
      quickDiskMs: DISKS[disk],
      ...options,
    });
    this.#db = new DatabaseSync(this.path);
    this.#db.exec("PRAGMA wal_autocheckpoint = 0");
  }

  lengths(): { log: number; left: number } {
    const { log, checkpointed } = this.#db.prepare("PRAGMA wal_checkpoint(NOOP)").get()!;
    return { log: Number(log), left: Number(log) - Number(checkpointed) };
  }

  /** Makes accounts, one after the other. */
  async makeAccounts(count: number): Promise<void> {
    for (const end = this.#made + count; this.#made < end;) {
      await grantToken(this.store, `kaylee${this.#made++}`);
    }
  }

  /** Changes something now and then until a condition holds. */
  async changeUntil(condition: () => boolean, what: string): Promise<void> {
    await until(async () => {
      await this.makeAccounts(1);
      return condition();
    }, what);
  }

  /** Somebody who reads what is there now, for as long as they like. */
  reader(): Disposable {
    const db = new DatabaseSync(this.path);
    db.exec("BEGIN");
    db.prepare("SELECT count(*) FROM account").get();
    return { [Symbol.dispose]: () => db.close() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#db.close();
    await this.store.close();
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** What the runtime says where no more threads can be begun. */
const NO_THREAD = "Resource temporarily unavailable (os error 11)";

/** Lets nobody begin a thread. */
function noThreads(): Disposable {
  const { Worker } = globalThis;
  globalThis.Worker = class {
    constructor() {
      throw new Deno.errors.WouldBlock(NO_THREAD);
    }
  } as unknown as typeof Worker;
  return { [Symbol.dispose]: () => void (globalThis.Worker = Worker) };
}

for (const disk of ["quick", "slow"] as const) {
  Deno.test(`the log is put into the database and begins anew, again and again, on a ${disk} disk`, async () => {
    await using logged = new Logged(disk);
    for (let times = 0; times < 3; times++) {
      let before = 0;
      await logged.changeUntil(() => {
        const { log } = logged.lengths();
        const isNew = log < before;
        before = log;
        return isNew;
      }, "a new log");
    }
  });

  Deno.test(`while somebody reads, the log grows, and is put into the database once they have done, on a ${disk} disk`, async () => {
    await using logged = new Logged(disk);
    await logged.makeAccounts(1);
    {
      using _reader = logged.reader();
      await logged.changeUntil(() => logged.lengths().log >= 10 * PAGES, "a long log");
      assert.ok(logged.lengths().left >= 9 * PAGES);
    }
    await logged.changeUntil(() => logged.lengths().log < PAGES, "a new log");
  });
}

Deno.test("a log that is written without a pause does not grow without end on a slow disk", async () => {
  await using logged = new Logged("slow");
  let [written, before, longest] = [0, 0, 0];
  for (let round = 0; round < 500; round++) {
    await logged.makeAccounts(1);
    const { log } = logged.lengths();
    written += log > before ? log - before : log;
    before = log;
    longest = Math.max(longest, log);
  }
  assert.ok(longest < written / 2, `${longest} of ${written} pages`);
});

Deno.test("what keeps the log from being put into the database is told once, and it is tried again", async () => {
  const told: string[] = [];
  await using logged = new Logged("slow", { onCheckpointProblem: (why) => told.push(why) });
  const aside = `${logged.path}.aside`;
  Deno.renameSync(logged.path, aside);
  await logged.changeUntil(() => told.length > 0, "a problem");
  await logged.makeAccounts(3 * PAGES);
  assert.match(told[0]!, /No such file.*glossond\.sqlite/);
  assert.equal(lstat(logged.path), undefined);
  Deno.renameSync(aside, logged.path);
  await logged.changeUntil(() => logged.lengths().log < PAGES, "a new log");
  assert.equal(told.length, 1);
});

Deno.test("what was changed is acknowledged where no thread can be begun, and it is tried again", async () => {
  const told: string[] = [];
  await using logged = new Logged("slow", { onCheckpointProblem: (why) => told.push(why) });
  {
    using _none = noThreads();
    await logged.changeUntil(() => told.length > 0, "a problem");
    await logged.makeAccounts(3 * PAGES);
  }
  assert.deepEqual(told, [`Cannot begin a thread: ${NO_THREAD}`]);
  await logged.changeUntil(() => logged.lengths().log < PAGES, "a new log");
});

Deno.test("somebody else who changes something as the log is to begin anew is no problem", async () => {
  const told: string[] = [];
  await using logged = new Logged("slow", { onCheckpointProblem: (why) => told.push(why) });
  await logged.changeUntil(() => logged.lengths().left >= PAGES, "a checkpoint");
  {
    using _lock = lockStore(dirname(logged.path));
    await until(() => logged.lengths().left === 0, "a log in the database");
    await logged.store.close();
  }
  assert.deepEqual(told, []);
});

Deno.test("closing the store waits for the checkpoint under way, and leaves no log", async () => {
  await using folder = temporaryFolder();
  const store = storeIn(folder.path, { checkpointPages: 1, quickDiskMs: DISKS.slow });
  await grantToken(store, "kaylee");
  await store.close();
  assert.equal(lstat(`${storePath(folder.path)}-wal`), undefined);
});
