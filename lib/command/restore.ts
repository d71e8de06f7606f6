import { loadConfig } from "../config/load.ts";
import { becomeOwner, openStateFolder } from "../file/state_folder.ts";
import { lockForRestore, STATE_LOCK_FILE } from "../file/state_lock.ts";
import { removeLeftWork } from "../file/work_folder.ts";
import { restoreState } from "../store/archive.ts";
import { requireEmbedded, storePlaceOf } from "../store_place.ts";
import { type Command, EXIT } from "./command.ts";
import { settingsError, usageError } from "./command_line.ts";
import { checkReason, traceOf } from "./trace.ts";

/** `glossond restore`. */
export const restore: Command = {
  summary: "put a back-up into an empty state folder",
  help: `Usage: glossond restore FILE [--reason TEXT]

Puts what glossond backup wrote into the state folder, which has to be empty or
missing: nothing is ever replaced. Files are the folder's owner's, and closed to
others. A relay must not be running on it, and none can be started meanwhile.
Exit: 0 done, 1 not; then the folder is as it was.

Options:
  --reason TEXT  why, for glossond users log
  --dev          for the relay of glossond dev
`,
  takesWords: true,
  options: { reason: { type: "string" }, dev: { type: "boolean" } },
  async run(context) {
    const [path, ...others] = context.positionals;
    if (path === undefined || others.length > 0) {
      throw usageError("restore takes the FILE that glossond backup wrote", "restore");
    }
    checkReason(context);
    const dev = context.options.dev === true;
    const { parsed, problems } = loadConfig({ ...await context.readSettings(), dev });
    const { stateDir } = parsed;
    if (stateDir === undefined) throw settingsError(problems);
    requireEmbedded(await storePlaceOf({ ...parsed, stateDir }), "restore");
    // Before root becomes the folder's owner, who may not read there.
    using file = await Deno.open(path).catch((error) => {
      throw new Error(`Cannot read ${path}: ${error.message}`, { cause: error });
    });
    openStateFolder(stateDir);
    using _lock = await lockForRestore(stateDir);
    await removeLeftWork(stateDir);
    const there = [...Deno.readDirSync(stateDir)].find(({ name }) => name !== STATE_LOCK_FILE);
    if (there !== undefined) {
      throw new Error(
        `The state folder ${stateDir} is not empty, it has ${there.name}: move what is in it aside, all of it, first`,
      );
    }
    becomeOwnerWhereReached(stateDir);
    const files = await restoreState(file.readable, { stateDir }, traceOf(context))
      .catch((error) => {
        throw new Error(`Cannot restore ${path}: ${error.message}`, { cause: error });
      });
    context.print(`${stateDir}: the database and ${files.length} files\n`);
    return EXIT.ok;
  },
};

/**
 * Becomes the folder's owner. One who cannot reach it, as the user of a systemd service that does not
 * run, can put no link into it either.
 */
function becomeOwnerWhereReached(stateDir: string): void {
  try {
    becomeOwner(stateDir);
  } catch {
    // What root makes is given to the folder's owner.
  }
}
