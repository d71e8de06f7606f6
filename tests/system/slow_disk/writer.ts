/**
 * Makes accounts in a state folder's store, until its log was put into the database, some times; says for how
 * long nothing else went on meanwhile, at most, milliseconds.
 */
import { DatabaseSync } from "node:sqlite";
import { sleep } from "../../../lib/net/pause.ts";
import { grantToken } from "../../store/grant_token.ts";
import { storeIn, storePath } from "../../store/helpers.ts";
import { longestPause } from "../../store/longest_pause.ts";

/** Enough for a log that is put into the database. */
const ACCOUNTS = 300;
const PAGES = 1_000;

const TIMES = 2;

const [stateDir = ""] = Deno.args;
const store = storeIn(stateDir);
// Whose database and log are new has to wait for the disk.
await grantToken(store, "kaylee");
const other = new DatabaseSync(storePath(stateDir));
const lengths = other.prepare("PRAGMA wal_checkpoint(NOOP)");

function leftInLog(): number {
  const { log, checkpointed } = lengths.get()!;
  return Number(log) - Number(checkpointed);
}

for (let time = 0; time < TIMES; time++) {
  const { pause } = await longestPause(async () => {
    await Promise.all(
      Array.from({ length: ACCOUNTS }, (_, i) => grantToken(store, `kaylee${time}x${i}`)),
    );
    while (leftInLog() >= PAGES) await sleep(10);
    // Where nothing was left, this has the log begin anew, or waits until that is done.
    await grantToken(store, `simon${time}`);
  });
  await Deno.stdout.write(new TextEncoder().encode(`${Math.round(pause)}\n`));
}
// Without closing the store, which waits for the disk as it likes.
Deno.exit(0);
