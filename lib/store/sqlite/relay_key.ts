import type { DatabaseSync } from "node:sqlite";
import type { Random } from "../../wire/random_secret.ts";

/** Bytes of a key: as many as SHA-256 has. */
const KEY_BYTES = 32;

/** A key of the relay's own, in its database. */
export interface RelayKey {
  /** Undefined as long as none was made. */
  read(): Uint8Array | undefined;
  /** Makes one where there is none; to be called within a transaction. */
  make(): Uint8Array;
}

/** Prepares a {@linkcode RelayKey} of that name. */
export function relayKey(db: DatabaseSync, name: string, random: Random): RelayKey {
  const select = db.prepare("SELECT key FROM relay_key WHERE name = ?");
  const insert = db.prepare(
    "INSERT INTO relay_key (name, key) VALUES (?, ?) ON CONFLICT DO NOTHING",
  );
  const read = (): Uint8Array | undefined => select.get(name)?.key as Uint8Array | undefined;
  return {
    read,
    make() {
      const key = new Uint8Array(KEY_BYTES);
      random(key);
      insert.run(name, key);
      return read()!;
    },
  };
}
