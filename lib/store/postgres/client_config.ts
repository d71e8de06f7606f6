// @ts-types="@types/pg"
import pg from "pg";
import type { PostgresAddress, PostgresServer } from "../../wire/postgres_url.ts";

/** Where the database is, and what its certificate is verified by. */
export interface PostgresPlace {
  address: PostgresAddress;
  /** PEM of the authorities that may have signed the server's certificate. @default the system's */
  caPem?: string | undefined;
}

/** How long a connection may take, and a turn at one. */
export const CONNECT_TIMEOUT_MS = 4_000;

/** How long a change waits for another program's lock. */
const LOCK_TIMEOUT_MS = 5_000;

/** How much longer than for a lock a statement may work, by the server's own clock. */
const STATEMENT_EXTRA_MS = 1_000;

/**
 * How much longer than that an answer is waited for: whoever is silent then is away, or what is between is,
 * which nothing else would tell before the kernel gives up after a quarter of an hour.
 */
const ANSWER_EXTRA_MS = 1_500;

/** After which time the server ends the transaction of a relay that is away, which may hold locks. */
const IDLE_TRANSACTION_MS = 10_000;

/**
 * What holds whatever the role or the database has for its own: each statement sees what was committed
 * before it, a connection that waits is not ended, and what is not there is no word.
 */
const SESSION = [
  "-c default_transaction_isolation=read\\ committed",
  "-c idle_session_timeout=0",
  "-c array_nulls=on",
].join(" ");

/** OID of int8: sums and times in milliseconds, which a number holds. */
const INT8 = 20;

/** How a connection to one of the servers is made, with the deadlines for all that is asked over it. */
export function clientConfig(
  { address: { user, password, database }, caPem }: PostgresPlace,
  { host, port, tls }: PostgresServer,
  lockTimeoutMs: number = LOCK_TIMEOUT_MS,
): pg.ClientConfig {
  const statementMs = lockTimeoutMs + STATEMENT_EXTRA_MS;
  return {
    ...{ host, port, user, database },
    // A function, since for no password or an empty one a variable and a file of the user's are looked for.
    password: () => password ?? "",
    ssl: tls && { rejectUnauthorized: true, ...(caPem !== undefined && { ca: caPem }) },
    application_name: "glossond",
    options: SESSION,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    lock_timeout: lockTimeoutMs,
    statement_timeout: statementMs,
    query_timeout: statementMs + ANSWER_EXTRA_MS,
    idle_in_transaction_session_timeout: IDLE_TRANSACTION_MS,
    types: {
      getTypeParser: (oid: number, format?: "text" | "binary") =>
        oid === INT8 ? Number : pg.types.getTypeParser(oid, format as "text"),
    } as pg.CustomTypesConfig,
  };
}
