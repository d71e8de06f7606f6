/**
 * What relays share, in PostgreSQL. Imports the ground floor, the engine's interface, and the store's
 * connection.
 *
 * @module
 */

/** Where a relay's process, a UUID, gets what others send it alone. */
export function channelOf(boot: string): string {
  return `glossond_to_${boot.replaceAll("-", "")}`;
}

/** How long ago a relay was heard, milliseconds of the database's clock, which may have been set back since. */
export const HEARD_MS =
  "greatest(extract(epoch FROM clock_timestamp() - heard_at)::float8 * 1000, 0)";
