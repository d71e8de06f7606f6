import type { DatabaseSync } from "node:sqlite";
import type { Random } from "../../wire/random_secret.ts";

/** Bytes of a key: as many as SHA-256 has. */
const KEY_BYTES = 32;

/** The key of this relay's claims, made at the first call: claims outlive a restart. */
export function claimKey(db: DatabaseSync, random: Random): Uint8Array {
  const key = new Uint8Array(KEY_BYTES);
  random(key);
  db.prepare("INSERT INTO relay_key (name, key) VALUES ('claim', ?) ON CONFLICT DO NOTHING").run(
    key,
  );
  return db.prepare("SELECT key FROM relay_key WHERE name = 'claim'").get()!.key as Uint8Array;
}
