import { PostgresEngine } from "../../../lib/store/postgres/engine.ts";
import { openPostgres } from "../../../lib/store/postgres/open.ts";
import type { Store } from "../../../lib/store/store.ts";
import { parsePostgresUrl } from "../../../lib/wire/postgres_url.ts";
import { hashSecret, newSecret, systemRandom } from "../../../lib/wire/random_secret.ts";
import type { PostgresServer } from "./server.ts";

/** The stores of several relays on one database. */
export interface Stores extends AsyncDisposable {
  stores: Store[];
  url: string;
  /** The name of the database. */
  database: string;
}

/** Opens the stores of several relays on one new database, at once. */
export async function storesOn(
  server: PostgresServer,
  number: number,
): Promise<Stores> {
  const url = await server.createDatabase();
  const address = parsePostgresUrl(url);
  const stores = await Promise.all(
    Array.from({ length: number }, () => openPostgres({ address })),
  );
  return {
    stores,
    url,
    database: address.database,
    async [Symbol.asyncDispose]() {
      await Promise.all(stores.map((store) => store.close()));
    },
  };
}

/** An engine that is closed at the end of its scope. */
export class DisposableEngine extends PostgresEngine implements AsyncDisposable {
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Makes accounts in a database that a relay has made its tables in, however many, at once; their tokens. */
export async function seedPostgres(url: string, usernames: readonly string[]): Promise<string[]> {
  const tokens = usernames.map(() => newSecret(systemRandom));
  await using engine = new DisposableEngine({ address: parsePostgresUrl(url) });
  await engine.write((ask) =>
    ask(
      `INSERT INTO account (username, token_hash, created_at, verified_at)
       SELECT username, decode(hash, 'hex'), $3, $3
       FROM unnest($1::text[], $2::text[]) AS given (username, hash)`,
      [usernames, tokens.map((token) => hashSecret(token).toHex()), Date.now()],
    )
  );
  return tokens;
}
