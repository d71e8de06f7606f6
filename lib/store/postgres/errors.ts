import pg from "pg";
import { type PostgresAddress, showPostgres } from "../../wire/postgres_url.ts";
import { StoreError } from "../error.ts";

/** A server that is not the primary, as its own refusal of a change would be (SQLSTATE 25006). */
export class WrongServerError extends Error {
  readonly code = "25006";
}

/** SQLSTATE of what passes by itself or by another try (PostgreSQL, appendix A). */
const CONFLICTS = ["40001", "40P01"];

/** SQLSTATE with which a server ends a connection, and codes and texts of one that has ended. */
const OVER =
  /^(?:25P03|57P01|57P02|57P04|57P05|ECONNRESET|EPIPE) |Connection terminated|not queryable/;

/** SQLSTATE after which the connection leads to a server that nothing can be changed at. */
const LOST = ["25006", "57P03"];

/** What to do where statements do not stay on one connection to the server. */
export const NO_POOLER =
  "a pooler such as PgBouncer is in between: have GLOSSOND_DATABASE_URL lead to the server itself";

/** What a primary is that was not made from the one that a relay works with. */
export const NO_COPY = "takes changes, and is no copy of the primary before";

/** What to do where each server that was asked is a standby. */
const READ_ONLY = "it is read-only: have GLOSSOND_DATABASE_URL lead to the primary";

/** What to do about an error, by its SQLSTATE, the code of the connection's error, or its text. */
const MENDS: readonly [what: RegExp, mend: (address: PostgresAddress) => string][] = [
  [
    /^(?:28P01|28000) |SASL|password/,
    ({ user }) =>
      `see that the password in GLOSSOND_DATABASE_URL is the role ${user}'s, and that pg_hba.conf lets it in`,
  ],
  [/^3D000 /, ({ database, user }) => `make it (createdb -O ${user} ${database})`],
  [
    /^42501 /,
    ({ database, user }) => `let ${user} own the database ${database}, and all that is in it`,
  ],
  [/^3F000 /, ({ user }) => `see that the search_path of ${user} has a schema that is there`],
  [
    /^42P07 /,
    ({ user }) =>
      `another program's tables are in it: make one for glossond alone (createdb -O ${user} --encoding=UTF8)`,
  ],
  [/unsupported startup parameter|pooling mode/, () => NO_POOLER],
  [/^(?:53100|58030) /, () => "see that the server's disk is well and has room"],
  [
    /^53300 /,
    () => "raise what limits them: the server's max_connections, or the role's or database's limit",
  ],
  [
    /^55P03 |^57014 /,
    () => "another program holds a lock: end that one (pg_locks tells which), and try again",
  ],
  [
    /default_transaction_read_only/,
    () => "turn that off, which the server, the database or the role has on",
  ],
  [
    new RegExp(NO_COPY),
    () => "have the one before run, or start the relay anew to work with this one",
  ],
  [
    /^25006 /,
    ({ servers }) => servers.length === 1 ? READ_ONLY : "the next one is tried",
  ],
  [/^42P01 |^42703 /, () => "something has changed its tables: restore them from a copy"],
  [
    /certificate.*(?:expired|not valid yet|not yet valid)|CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/i,
    () =>
      "give the server a certificate that is valid now and have it reload, or set the clocks right",
  ],
  [
    /certificate|cert_|ERR_TLS|UNKNOWN_ISSUER|self.signed/i,
    ({ servers }) =>
      `see that the server's certificate is for ${
        servers.map(({ host }) => host).join(" or ")
      }, and that GLOSSOND_DATABASE_CA_FILE has the authority that signed it`,
  ],
  [
    /does not support SSL/,
    () => "turn ssl on in postgresql.conf, or write ?sslmode=disable where nobody can listen",
  ],
];

/** What the library says of an answer that did not come in time, and what to do about it. */
const SILENCE = /^Query read timeout/;
const SILENT =
  "see that the server runs, and waits for no standby that is away (synchronous_standby_names)";

const UNREACHED = "see that the server runs and that GLOSSOND_DATABASE_URL leads to it";

/** What the engine threw, with what to do about it; never has the password in it. */
export function toStoreError(
  error: unknown,
  address: PostgresAddress,
  fix: string = fixFor(error, address),
): StoreError {
  const { message, code = "" } = error as Error & { code?: string };
  return new StoreError(
    `Cannot use the database ${showPostgres(address)}: ${message || code}; ${fix}`,
    { cause: error },
  );
}

/**
 * What to throw where none of a database's servers can be used, by what keeps each from it: a refusal comes
 * first, for it may be the primary's, beside which nobody may promote another one.
 */
export function noneToStoreError(faults: readonly unknown[], address: PostgresAddress): StoreError {
  const unreached = faults.find((fault) => !isReached(fault));
  const readOnly = faults.find(isReadOnly);
  const refusal = faults.find((fault) => isReached(fault) && !isReadOnly(fault));
  if (refusal !== undefined) return toStoreError(refusal, address);
  if (readOnly === undefined) return toStoreError(unreached, address);
  const fix = unreached === undefined
    ? READ_ONLY
    : "none of the servers is there and takes changes: start the primary, or promote a standby";
  return toStoreError(readOnly, address, fix);
}

/** Whether it came from the server, or from what it sent. */
export function isReached(error: unknown): boolean {
  return isAnswer(error) || mendOf(error) !== undefined;
}

function isReadOnly(error: unknown): boolean {
  return (error as { code?: string }).code === "25006";
}

function fixFor(error: unknown, address: PostgresAddress): string {
  const { message } = error as Error;
  return mendOf(error)?.(address) ??
    (isAnswer(error) ? "see the server's log" : SILENCE.test(message) ? SILENT : UNREACHED);
}

function mendOf(error: unknown): ((address: PostgresAddress) => string) | undefined {
  const { message, code = "" } = error as Error & { code?: string };
  return MENDS.find(([what]) => what.test(`${code} ${message}`))?.[1];
}

/** Whether the server answered, so that the connection is well. */
export function isAnswer(error: unknown): boolean {
  return error instanceof pg.DatabaseError;
}

/** Whether it may do what it was asked when it is asked once more, at once. */
export function isConflict(error: unknown): boolean {
  return isAnswer(error) && CONFLICTS.includes((error as pg.DatabaseError).code ?? "");
}

/** Whether the connection is of no more use. */
export function isLost(error: unknown): boolean {
  return !isAnswer(error) || isOver(error) ||
    LOST.includes((error as pg.DatabaseError).code ?? "");
}

/** Whether the connection has ended, by whichever side, or is to; one that is silent may not have. */
export function isOver(error: unknown): boolean {
  if (error instanceof WrongServerError) return true;
  const { message, code = "" } = error as Error & { code?: string };
  return OVER.test(`${code} ${message}`);
}
