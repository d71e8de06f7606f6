import { openPostgresCluster } from "../../../lib/cluster/postgres/open.ts";
import { openPostgres } from "../../../lib/store/postgres/open.ts";
import { parsePostgresUrl } from "../../../lib/wire/postgres_url.ts";
import { testEngine } from "../../cluster/contract.ts";
import { PostgresServer } from "./server.ts";

const server = await PostgresServer.start();

testEngine("PostgresCluster", async () => {
  const address = parsePostgresUrl(await server.createDatabase());
  // It makes the tables.
  const store = await openPostgres({ address });
  return {
    open(relay, boot) {
      const data = { dataHost: "127.0.0.1", dataPort: 1 };
      return Promise.resolve(
        openPostgresCluster({ address }, { relay, boot, version: "test", data }),
      );
    },
    close: () => store.close(),
  };
});

Deno.test.afterAll(() => server[Symbol.asyncDispose]());
