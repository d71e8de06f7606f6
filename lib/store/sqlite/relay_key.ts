import type { DatabaseSync } from "node:sqlite";
import type { Random } from "../../wire/random_secret.ts";

/** Bytes of a key: as many as SHA-256 has. */
const KEY_BYTES = 32;

/** The key of this relay's claims, made at the first call: claims outlive a restart. */
export function claimKey(db: DatabaseSync, random: Random): Uint8Array {
  const select = db.prepare("SELECT key FROM relay_key WHERE name = 'claim'");
  const kept = select.get();
  // Only the first start writes: a command that holds the lock at another is no hindrance.
  if (kept !== undefined) return kept.key as Uint8Array;
  const key = new Uint8Array(KEY_BYTES);
  random(key);
  db.prepare("INSERT INTO relay_key (name, key) VALUES ('claim', ?) ON CONFLICT DO NOTHING").run(
    key,
  );
  return select.get()!.key as Uint8Array;
}
