/**
 * What relays share, in PostgreSQL. Imports the ground floor, the engine's interface, and the store's
 * connection.
 *
 * @module
 */

/** Advisory lock (class and object) of who changes what others read by number. */
export const CHANGE_LOCK = [0x676c6f73, 1] as const;

/** Told, without a payload, whenever there are changes to read. */
export const CHANGES_CHANNEL = "glossond_changes";

/** Where a relay's process, a UUID, gets what others send it alone. */
export function channelOf(boot: string): string {
  return `glossond_to_${boot.replaceAll("-", "")}`;
}

/** How long ago a relay was heard, milliseconds of the database's clock, which may have been set back since. */
export const HEARD_MS =
  "greatest(extract(epoch FROM clock_timestamp() - heard_at)::float8 * 1000, 0)";
