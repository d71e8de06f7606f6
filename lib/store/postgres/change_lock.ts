import type { Ask } from "./engine.ts";

/** Advisory lock (class and object) of who changes what relays read by number. */
export const CHANGE_LOCK = [0x676c6f73, 1] as const;

/** Told, without a payload, whenever there are changes to read. */
export const CHANGES_CHANNEL = "glossond_changes";

/**
 * Neither on disk nor at a standby at once: what a crash of the database takes of it the relays tell again. To be
 * selected in the transaction.
 */
export const NOT_ON_DISK = "set_config('synchronous_commit', 'off', true)";

/**
 * After which time the server ends such a transaction of a relay that says nothing, since it is stopped or its machine
 * is lost, milliseconds: shorter than others wait for the lock, and than visitors wait for who comes back.
 */
const SILENT_MS = 3_000;

/** Begins a transaction that changes what relays read by number, one after another, and has them read it. */
export async function lockChanges(ask: Ask): Promise<void> {
  await ask(
    `SELECT ${NOT_ON_DISK}, set_config('idle_in_transaction_session_timeout', $4, true),
      pg_advisory_xact_lock($1, $2), pg_notify($3, '')`,
    [...CHANGE_LOCK, CHANGES_CHANNEL, `${SILENT_MS}`],
  );
}
