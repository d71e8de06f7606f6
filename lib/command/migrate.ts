import { loadConfig } from "../config/load.ts";
import { becomeOwner } from "../file/state_folder.ts";
import { lockForRestore } from "../file/state_lock.ts";
import type { OnRows } from "../store/transfer.ts";
import { storePlaceOf } from "../store_place.ts";
import { type Command, type CommandContext, EXIT } from "./command.ts";
import { settingsError, usageError } from "./command_line.ts";

/** Where it can be carried to, and what of store/transfer.ts does that. */
const MOVES: Readonly<Record<string, "moveToPostgres" | "moveFromPostgres">> = {
  postgres: "moveToPostgres",
  sqlite: "moveFromPostgres",
};

/** `glossond migrate`. */
export const migrate: Command = {
  summary: "carry the database over to PostgreSQL, or back",
  help: `Usage: glossond migrate --to postgres
       glossond migrate --to sqlite

Carries all that the embedded database has over into the PostgreSQL database of
GLOSSOND_DATABASE_URL (in the secrets file, so that no list of processes shows
its password), which has to be empty, or back into the state folder. No relay
may run meanwhile. It is done whole or not at all: whatever interrupts it, what
was there is still good. Afterwards the embedded database is put aside as
glossond.sqlite.moved; after the way back the PostgreSQL database is as it was:
take GLOSSOND_DATABASE_URL out of the settings before the relay is started.
Exit: 0 done, 1 not.

Options:
  --to KIND  postgres or sqlite: where it is to be
  --dev      of the relay of glossond dev
`,
  options: { to: { type: "string" }, dev: { type: "boolean" } },
  async run(context) {
    const to = String(context.options.to);
    const move = Object.hasOwn(MOVES, to) ? MOVES[to] : undefined;
    if (move === undefined) {
      throw usageError("migrate takes --to postgres or --to sqlite", "migrate");
    }
    const dev = context.options.dev === true;
    const { parsed, problems } = loadConfig({ ...await context.readSettings(), dev });
    const { stateDir, databaseUrl } = parsed;
    if (stateDir === undefined || databaseUrl === undefined) {
      throw settingsError(
        problems.length > 0
          ? problems
          : ["Where PostgreSQL is has to be set: put DATABASE_URL into the secrets file"],
      );
    }
    const { database } = await storePlaceOf({ ...parsed, stateDir });
    using _lock = await lockForRestore(stateDir);
    // Before root becomes the owner, who may not read where the program is.
    const transfer = await import("../store/transfer.ts");
    becomeOwner(stateDir);
    await transfer[move](stateDir, database!, showRows(context));
    context.print("\ndone\n");
    return EXIT.ok;
  },
};

/** One line a table; on a terminal it counts up. */
function showRows({ print, erase, isTerminal }: CommandContext): OnRows {
  let shown: string | undefined;
  return (table, rows) => {
    if (shown === table && !isTerminal) return print(` ${rows}`);
    if (shown === table) erase("line");
    else if (shown !== undefined) print("\n");
    shown = table;
    print(`${table} ${rows}`);
  };
}
