import { type AdminClient, connectAdmin } from "../admin/client.ts";
import { loadConfig } from "../config/load.ts";
import { isThere } from "../file/plain_file.ts";
import type { StorePlace } from "../store/open.ts";
import { storePlaceOf } from "../store_place.ts";
import type { CommandContext } from "./command.ts";
import { settingsError } from "./command_line.ts";

/** The relay that a command is about. */
export interface RelayAccess {
  stateDir: string;
  /** Where its store is. */
  place: StorePlace;
  baseDomain: string;
  /** Where visitors reach it, as far as the settings tell. */
  publicPort: number;
  /** How long a name rests that is released. */
  nameRestDays: number;
  /** The relay itself; undefined when it does not run. */
  admin?: AdminClient;
}

/**
 * Finds the relay by its state folder, and connects to it when it runs.
 *
 * No more than these are read of the settings: the commands have to work
 * for an operator whose shell does not have all that the service has.
 *
 * @throws {Error} when the state folder is not there or may not be read; the message has the fix.
 */
export async function reachRelay(context: CommandContext): Promise<RelayAccess> {
  const dev = context.options.dev === true;
  const { parsed, problems } = loadConfig({ ...await context.readSettings(), dev });
  const { stateDir, baseDomain, nameRestDays } = parsed;
  if (stateDir === undefined || baseDomain === undefined || nameRestDays === undefined) {
    throw settingsError(problems);
  }
  // One that cannot be read must not be taken for none: that would be another store.
  const problem = problems.find((each) => each.startsWith("GLOSSOND_DATABASE_"));
  if (problem !== undefined) throw settingsError([problem]);
  const place = await storePlaceOf({ ...parsed, stateDir });
  const admin = await connectRelay(stateDir);
  const publicPort = parsed.publicPort || parsed.hubPort || 443;
  return {
    stateDir,
    place,
    baseDomain,
    publicPort,
    nameRestDays,
    ...(admin !== undefined && { admin }),
  };
}

/**
 * Connects to the relay of a state folder; undefined when it does not run.
 *
 * @throws {Error} as {@linkcode connectAdmin}, and when the state folder is not there; the message has the fix.
 */
export async function connectRelay(stateDir: string): Promise<AdminClient | undefined> {
  const admin = await connectAdmin(stateDir);
  if (admin !== undefined || await isThere(stateDir)) return admin;
  throw new Error(
    `There is no state folder ${stateDir}; set GLOSSOND_STATE_DIR to the relay's (a systemd service has /var/lib/glossond)`,
  );
}
