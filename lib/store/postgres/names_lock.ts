import type { Ask } from "./engine.ts";

/** Channel on which all relays are told the names whose account or block has changed. */
export const NAME_CHANNEL = "glossond_name";

/**
 * Takes the lock of a name until the end of the transaction. Whatever changes what is kept of a name by what
 * it read of it begins so: what it reads afterwards is the last word, on whatever relay that was said,
 * and changes of different names wait for each other never.
 */
export async function lockName(ask: Ask, username: string): Promise<void> {
  await ask("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [username]);
}

/** Tells all relays that the account or the block of a name is another one, once that is committed. */
export async function tellName(ask: Ask, username: string): Promise<void> {
  await ask(`SELECT pg_notify('${NAME_CHANNEL}', $1)`, [username]);
}
