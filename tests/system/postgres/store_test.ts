import { parsePostgresUrl } from "../../../lib/wire/postgres_url.ts";
import { openPostgres } from "../../../lib/store/postgres/open.ts";
import type { Store } from "../../../lib/store/store.ts";
import { testStore } from "../../store/contract/contract.ts";
import { lockTables } from "./faults.ts";
import { PostgresServer } from "./server.ts";

/** How long the stores under test wait for a lock. */
const LOCK_TIMEOUT_MS = 900;

let server: PostgresServer;

Deno.test.beforeAll(async () => {
  server = await PostgresServer.start();
});

Deno.test.afterAll(() => server[Symbol.asyncDispose]());

testStore("PostgreSQL", async (use) => {
  const url = await server.createDatabase();
  const address = parsePostgresUrl(url);
  const clock = { now: 1_000_000 };
  await using stack = new AsyncDisposableStack();
  async function open(): Promise<Store> {
    const store = await openPostgres({ address }, {
      now: () => clock.now,
      lockTimeoutMs: LOCK_TIMEOUT_MS,
    });
    stack.defer(() => store.close());
    return store;
  }
  await use({
    store: await open(),
    clock,
    reopen: open,
    lock: () => lockTables(address),
    faults: {
      async "read-only"() {
        const { database } = address;
        const set = async (value: string): Promise<void> => {
          await server.psql(
            `ALTER DATABASE ${database} SET default_transaction_read_only = ${value}`,
            "postgres",
          );
          await server.endConnections(database);
        };
        await set("on");
        return { [Symbol.asyncDispose]: () => set("off") };
      },
    },
  });
});
