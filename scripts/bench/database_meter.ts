import { parsePostgresUrl } from "../../lib/wire/postgres_url.ts";
import type { PostgresServer } from "../../tests/system/postgres/server.ts";
import { cpuSecondsOfEnded, processTree, usageOf } from "./usage.ts";

/** What a database server did in some time. */
export interface DatabaseWork {
  seconds: number;
  /** Statements, those that begin and end transactions too. */
  statements: number;
  /** Of them those that tell all relays, or one of them, something. */
  notifications: number;
  /** Rows that were added, changed or deleted by one statement each. */
  rowsWritten: number;
  /** What it wrote into its log ahead of the tables: what a standby is sent, and a disk takes. */
  walBytes: number;
  /** Of all its processes. */
  cpuSeconds: number;
}

type Counts = Omit<DatabaseWork, "seconds">;

/** Reads what a database server does, by its own statistics of statements. */
export class DatabaseMeter {
  readonly #server: PostgresServer;
  readonly #database: string;
  #before: { at: number; counts: Counts } | undefined;

  private constructor(server: PostgresServer, database: string) {
    this.#server = server;
    this.#database = database;
  }

  /** @param server started by {@linkcode prepareMeter}. */
  static async open(server: PostgresServer, url: string): Promise<DatabaseMeter> {
    const { database } = parsePostgresUrl(url);
    await server.psql("CREATE EXTENSION pg_stat_statements", database);
    const meter = new DatabaseMeter(server, database);
    await meter.read();
    return meter;
  }

  /** What it did since it was read last. */
  async read(): Promise<DatabaseWork> {
    const counts = await this.#count();
    const at = performance.now();
    const before = this.#before ?? { at, counts };
    this.#before = { at, counts };
    const since = Object.entries(counts).map(([name, count]) => [
      name,
      count - before.counts[name as keyof Counts],
    ]);
    return { ...Object.fromEntries(since), seconds: (at - before.at) / 1000 };
  }

  async #count(): Promise<Counts> {
    const text = await this.#server.psql(
      `SELECT json_build_object(
        'statements', sum(calls),
        'notifications', sum(calls) FILTER (WHERE query ~ 'pg_notify'),
        'rowsWritten', sum(rows) FILTER (WHERE query ~ '^\\s*(INSERT|UPDATE|DELETE|WITH)'),
        'walBytes', pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0'))
      FROM pg_stat_statements JOIN pg_database ON dbid = pg_database.oid
      WHERE datname = current_database() AND query !~ 'pg_stat_statements'`,
      this.#database,
    );
    const pid = this.#server.pid!;
    const cpuSeconds = usageOf(processTree(pid)).cpuSeconds + cpuSecondsOfEnded(pid);
    return { ...JSON.parse(text), cpuSeconds };
  }
}

/** Has a server count its statements: what a {@linkcode DatabaseMeter} takes. Starts it again. */
export async function prepareMeter(server: PostgresServer): Promise<void> {
  await server.psql("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'", "postgres");
  await server.stop();
  await server.resume();
}
