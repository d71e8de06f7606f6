/*
 * Puts a database's log into it, as `checkpoints.ts` tells it.
 */
import { DatabaseSync } from "node:sqlite";
import { type CheckpointResult, type CheckpointTask, problemOf } from "./checkpoints.ts";
import { isLocked, transaction } from "./transaction.ts";

/** How long it waits for who changes something, or reads: nobody has to wait for that much longer. */
const LOCK_TIMEOUT_MS = 100;

/** What of a worker's scope the types of a program lack. */
const scope = self as unknown as {
  onmessage: (event: MessageEvent<CheckpointTask>) => void;
  postMessage(result: CheckpointResult): void;
};

function checkpoint({ path, alone }: CheckpointTask): void {
  // One that was moved away is not made anew.
  Deno.lstatSync(path);
  using db = new DatabaseSync(path, { timeout: LOCK_TIMEOUT_MS });
  db.exec("PRAGMA synchronous = NORMAL");
  db.prepare(`PRAGMA wal_checkpoint(${alone ? "FULL" : "PASSIVE"})`).get();
  beginAnew(db);
}

/**
 * Who writes next has the log begin anew, and waits for the disk before anything else is in it. Done here, by what
 * changes nothing.
 */
function beginAnew(db: DatabaseSync): void {
  try {
    transaction(db, () => {
      const { user_version } = db.prepare("PRAGMA user_version").get()!;
      db.exec(`PRAGMA user_version = ${user_version}`);
    });
  } catch (error) {
    // Else somebody is writing: it begins anew by that.
    if (!isLocked(error)) throw error;
  }
}

scope.onmessage = ({ data }) => {
  try {
    checkpoint(data);
    scope.postMessage({});
  } catch (error) {
    scope.postMessage({ problem: problemOf(error, data.path) });
  }
};
