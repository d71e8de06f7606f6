import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { syncFolder } from "../file/durable.ts";
import { lstat } from "../file/plain_file.ts";
import type { PostgresPlace } from "./postgres/client_config.ts";
import { type Ask, PostgresEngine } from "./postgres/engine.ts";
import { migrateSchema } from "./postgres/migrate.ts";
import { openDatabase } from "./sqlite/database.ts";
import { SQLITE_FILE, SQLITE_MOVED_FILE } from "./sqlite/open.ts";
import { transaction } from "./sqlite/transaction.ts";
import { type Column, type Table, TABLES } from "./transfer_tables.ts";

/** Told how many rows of a table were carried over so far. */
export type OnRows = (table: string, rows: number) => void;

/** Rows that are carried over at once: a second's work at most, of what no statement may take longer. */
const BATCH = 500;

type Row = Record<string, string | number | Uint8Array | null>;

/**
 * Carries all of the embedded database over into an empty PostgreSQL database, in one transaction, and puts
 * the embedded one aside, unchanged. Whatever ends it before, nothing is in the other one, and the
 * embedded one is still good. No relay may run on the folder.
 *
 * @throws {Error} when there is none, or the other one is not empty; the message has the fix.
 */
export async function moveToPostgres(
  stateDir: string,
  place: PostgresPlace,
  onRows: OnRows,
): Promise<void> {
  const path = `${stateDir}/${SQLITE_FILE}`;
  if (lstat(path) === undefined) throw new Error(`There is no ${path} to carry over`);
  await using stack = new AsyncDisposableStack();
  const db = stack.adopt(openDatabase(path), closeIfOpen);
  const engine = stack.adopt(new PostgresEngine(place), (engine) => engine.close());
  await migrateSchema(engine);
  // Another command that changes something waits, and fails.
  db.exec("BEGIN IMMEDIATE");
  await engine.write(async (ask) => {
    for (const { name } of TABLES) await ask(`LOCK TABLE ${name} IN ACCESS EXCLUSIVE MODE`);
    await requireEmpty(ask);
    for (const table of TABLES) {
      await carry(table, batches(selectAll(db, table)), (rows) => insert(ask, table, rows), onRows);
      const { name, counted } = table;
      if (counted === undefined) continue;
      await ask(
        `SELECT setval(pg_get_serial_sequence('${name}', '${counted}'),
           (SELECT coalesce(max(${counted}), 0) + 1 FROM ${name}), false)`,
      );
    }
  });
  db.exec("COMMIT; PRAGMA wal_checkpoint(TRUNCATE);");
  db.close();
  Deno.renameSync(path, `${stateDir}/${SQLITE_MOVED_FILE}`);
  await syncFolder(stateDir);
}

/**
 * Carries all of a PostgreSQL database over into a new embedded one, as it is at one moment, and leaves it
 * as it is. The new one has its name once it is whole and on the disk. No relay may run on either.
 *
 * @throws {Error} when there is an embedded one; the message has the fix.
 */
export async function moveFromPostgres(
  stateDir: string,
  place: PostgresPlace,
  onRows: OnRows,
): Promise<void> {
  const path = `${stateDir}/${SQLITE_FILE}`;
  if (lstat(path) !== undefined) {
    throw new Error(
      `There is a database ${path} already: move it aside first, with its -wal and -shm`,
    );
  }
  const made = `${path}.carried`;
  for (const end of ["", "-wal", "-shm"]) {
    if (lstat(made + end) !== undefined) Deno.removeSync(made + end);
  }
  await using stack = new AsyncDisposableStack();
  const engine = stack.adopt(new PostgresEngine(place), (engine) => engine.close());
  await migrateSchema(engine);
  const db = stack.adopt(openDatabase(made), closeIfOpen);
  await engine.snapshot(async (ask) => {
    for (const table of TABLES) {
      const put = db.prepare(insertSql(table));
      await carry(table, fetchAll(ask, table), (rows) => {
        transaction(db, () => {
          for (const row of rows) put.run(...table.columns.map(({ name }) => row[name] ?? null));
        });
      }, onRows);
    }
  });
  db.exec("PRAGMA wal_checkpoint(TRUNCATE);");
  db.close();
  Deno.renameSync(made, path);
  await syncFolder(dirname(path));
}

function closeIfOpen(db: DatabaseSync): void {
  if (db.isOpen) db.close();
}

async function carry(
  { name }: Table,
  from: AsyncIterable<Row[]> | Iterable<Row[]>,
  to: (rows: Row[]) => Promise<unknown> | void,
  onRows: OnRows,
): Promise<void> {
  let carried = 0;
  onRows(name, carried);
  for await (const rows of from) {
    await to(rows);
    carried += rows.length;
    onRows(name, carried);
  }
}

async function requireEmpty(ask: Ask): Promise<void> {
  for (const { name } of TABLES) {
    const { count } = await ask(`SELECT 1 FROM ${name} LIMIT 1`);
    if (count === 0) continue;
    throw new Error(
      `The PostgreSQL database is not empty (${name}): carry over into a new one. If it is what an earlier run carried over, whose end was cut off, move ${SQLITE_FILE} aside, and the relay goes on with it`,
    );
  }
}

function selectAll(db: DatabaseSync, { name, columns }: Table): Iterable<Row> {
  const list = columns.map(({ name, sqlite = name }) => `${sqlite} AS ${name}`);
  return db.prepare(`SELECT ${list} FROM ${name} ORDER BY rowid`).iterate() as Iterable<Row>;
}

function insertSql({ name, columns }: Table): string {
  const list = columns.map(({ name, sqlite = name }) => sqlite);
  return `INSERT INTO ${name} (${list}) VALUES (${columns.map(() => "?")})`;
}

function* batches(rows: Iterable<Row>): Iterable<Row[]> {
  let batch: Row[] = [];
  for (const row of rows) {
    batch.push(row);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** By way of JSON, where bytes are hexadecimal. */
async function insert(ask: Ask, { name, columns }: Table, rows: readonly Row[]): Promise<void> {
  const list = columns.map(({ name }) => name);
  const types = columns.map((column) => `${column.name} ${typeOf(column)}`);
  const values = columns.map(({ name, kind }) =>
    kind === "bytes" ? `decode(${name}, 'hex')` : name
  );
  const given = rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name,
        value instanceof Uint8Array ? value.toHex() : value,
      ]),
    )
  );
  await ask(
    `INSERT INTO ${name} (${list})
     SELECT ${values} FROM json_to_recordset($1) AS given (${types})`,
    [JSON.stringify(given)],
  );
}

function typeOf({ kind }: Column): string {
  return kind === "number" ? "bigint" : "text";
}

async function* fetchAll(ask: Ask, { name, columns }: Table): AsyncIterable<Row[]> {
  const list = columns.map(({ name }) => name);
  await ask(`DECLARE carried NO SCROLL CURSOR FOR SELECT ${list} FROM ${name} ORDER BY 1`);
  for (;;) {
    const { rows } = await ask<Row>(`FETCH ${BATCH} FROM carried`);
    if (rows.length === 0) break;
    yield rows;
  }
  await ask("CLOSE carried");
}
