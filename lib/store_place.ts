import type { Settings } from "./config/settings.ts";
import { StoreError } from "./store/error.ts";
import type { StorePlace } from "./store/open.ts";

/** What {@linkcode storePlaceOf} reads of the settings. */
export type StoreSettings =
  & Pick<Settings, "stateDir">
  & Partial<Pick<Settings, "databaseUrl" | "databaseCaFile">>;

/**
 * Where the settings have the relay's store.
 *
 * @throws {Error} when the database's authority cannot be read; the message names the file.
 */
export async function storePlaceOf(settings: Readonly<StoreSettings>): Promise<StorePlace> {
  const { stateDir, databaseUrl: address, databaseCaFile } = settings;
  if (address === undefined) return { stateDir };
  return { stateDir, database: { address, caPem: await readCa(databaseCaFile) } };
}

/**
 * Says what has to be done where a command is for the embedded database alone.
 *
 * @throws {StoreError} where that is not the store.
 */
export function requireEmbedded({ database }: StorePlace, command: string): void {
  if (database === undefined) return;
  throw new StoreError(
    `${command} is for the embedded database; with GLOSSOND_DATABASE_URL pg_dump and pg_restore copy the database, and tar the state folder, which has the keys`,
  );
}

async function readCa(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await Deno.readTextFile(file);
  } catch (error) {
    throw new Error(`Cannot read GLOSSOND_DATABASE_CA_FILE: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
