import { createHmac } from "node:crypto";
import type { Random } from "../../wire/random_secret.ts";
import type { Ask } from "./engine.ts";

/** Bytes of a key: as many as SHA-256 has. */
const KEY_BYTES = 32;

/** A key of the relays' own, in their database; undefined as long as none was made. */
export async function readKey(ask: Ask, name: string): Promise<Uint8Array | undefined> {
  const { rows } = await ask<{ key: Uint8Array }>("SELECT key FROM relay_key WHERE name = $1", [
    name,
  ]);
  return rows[0] && new Uint8Array(rows[0].key);
}

/** Makes one where there is none; to be called within a transaction. */
export async function makeKey(ask: Ask, name: string, random: Random): Promise<Uint8Array> {
  const key = new Uint8Array(KEY_BYTES);
  random(key);
  await ask("INSERT INTO relay_key (name, key) VALUES ($1, $2) ON CONFLICT DO NOTHING", [
    name,
    key,
  ]);
  // Of another relay that made it at the same moment, which the insertion has waited for.
  return (await readKey(ask, name))!;
}

/**
 * Hashes the id of a name's profile, by a key of the relays' and the name, so that ids of one community are
 * not to be guessed from what is kept. To be called within a transaction.
 */
export type HashProfile = (ask: Ask, username: string, profileId: string) => Promise<Uint8Array>;

/** Makes a {@linkcode HashProfile}. */
export function profileHasher(random: Random): HashProfile {
  const name = "profile";
  return async (ask, username, profileId) => {
    const key = await readKey(ask, name) ?? await makeKey(ask, name, random);
    return createHmac("sha256", key).update(`${username}\0${profileId}`).digest();
  };
}
