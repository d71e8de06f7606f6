import { dirname } from "node:path";
import { becomeOwner } from "../file/state_folder.ts";
import { orAborted } from "../net/pause.ts";
import { archiveState, ArchiveThread } from "../store/archive.ts";
import { requireStore } from "../store/open.ts";
import { requireEmbedded } from "../store_place.ts";
import { type Command, EXIT, stopSignal } from "./command.ts";
import { usageError } from "./command_line.ts";
import { reachRelay } from "./relay_access.ts";

/** `glossond backup`. */
export const backup: Command = {
  summary: "copy all that the relay keeps into one file, also while it runs",
  help: `Usage: glossond backup FILE

Writes the relay's state as it is at this moment into FILE, which must not be
there yet: accounts, orders, blocks, keys and certificates. It holds the relay's
own keys, so only its owner may read it (0600); keep it as secret as the state
folder. It is an SQLite database; sqlite3 -A -t -f FILE lists the files in it.
Exit: 0 written, 1 not.

Options:
  --dev  of the relay of glossond dev
`,
  takesWords: true,
  options: { dev: { type: "boolean" } },
  async run(context) {
    const [path, ...others] = context.positionals;
    if (path === undefined || others.length > 0) {
      throw usageError("backup takes the FILE to write", "backup");
    }
    const { admin, stateDir, place } = await reachRelay(context);
    requireEmbedded(place, "backup");
    if (admin === undefined) await requireStore(place);
    // As that, while the process may read where the program is.
    await using beside = admin === undefined ? await ArchiveThread.start() : undefined;
    const stopped = stopSignal(context);
    // Before root becomes the folder's owner, who may not write there.
    using file = await create(path);
    // One that only takes files cannot be opened.
    using folder = await Deno.open(dirname(path)).catch(() => undefined);
    try {
      if (admin === undefined) becomeOwner(stateDir);
      const copy = await (admin?.backup() ?? archiveState(place, { beside, signal: stopped }));
      await orAborted(writeAll(copy, file), stopped);
      await file.sync();
      // It is found after a loss of power only once its folder is on the disk, too.
      await folder?.sync().catch(() => {});
    } catch (error) {
      // Also where root is the folder's owner by now, who may remove nothing there.
      await file.truncate();
      await Deno.remove(path).catch(() => {});
      throw new Error(`Cannot back up to ${path}: ${(error as Error).message}`, { cause: error });
    }
    const { size } = await file.stat();
    context.print(`${path}: ${size} bytes\n`);
    return EXIT.ok;
  },
};

async function writeAll(copy: AsyncIterable<Uint8Array>, file: Deno.FsFile): Promise<void> {
  for await (const chunk of copy) {
    for (let rest = chunk; rest.length > 0;) rest = rest.subarray(await file.write(rest));
  }
}

async function create(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
  } catch (error) {
    const why = error instanceof Deno.errors.AlreadyExists
      ? "it is there already; choose another name, or remove it"
      : (error as Error).message;
    throw new Error(`Cannot write ${path}: ${why}`, { cause: error });
  }
}
