import { hashSecret } from "../../wire/random_secret.ts";
import type { Ask } from "./engine.ts";

/**
 * Takes the lock of a name until the end of the transaction. Whatever changes what is kept of a name by what
 * it read of it begins so: what it reads afterwards is the last word, on whatever relay that was said,
 * and changes of different names wait for each other never.
 */
export async function lockName(ask: Ask, username: string): Promise<void> {
  await ask("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [username]);
}

/** The user of a token who is not blocked, with their name's lock. */
export async function lockActor(ask: Ask, token: string): Promise<string | undefined> {
  const actor = async (): Promise<string | undefined> => {
    const { rows: [row] } = await ask<{ username: string }>(
      `SELECT username FROM account WHERE token_hash = $1
         AND username NOT IN (SELECT username FROM blocked_name)`,
      [hashSecret(token)],
    );
    return row?.username;
  };
  const username = await actor();
  if (username === undefined) return undefined;
  await lockName(ask, username);
  return await actor();
}
