import { settleWithin, sleep } from "../../net/pause.ts";
import type { ServerClient } from "./client.ts";

/**
 * Has a server's process $1 wait for standbys no more, if it does: what it commits holds then, though it may be on no
 * standby. True while it waits.
 */
const STOP_WAITING = `SELECT pg_cancel_backend(pid) FROM pg_stat_activity
  WHERE pid = $1 AND wait_event = 'SyncRep'`;

/** How often that is asked at most until it does not wait, and the pause between, milliseconds. */
const WAIT_NO_MORE = { tries: 50, pauseMs: 20 } as const;

/** How long the other connection's end may take. */
const FAREWELL_MS = 1_000;

/** What the types of a client lack: the server's process that it is answered by. */
interface Backend {
  processID: number;
}

/**
 * Ends what a COMMIT that was not answered may wait for: a synchronous standby that is away, for as long as that
 * is. Each would take one of the server's connections, and keep what it locks.
 *
 * @param silent the connection that it was sent on.
 */
export async function endStandbyWait(silent: ServerClient, signal: AbortSignal): Promise<void> {
  const { processID } = silent as ServerClient & Backend;
  const client = silent.another();
  try {
    await client.connect();
    for (let tries = 1; tries <= WAIT_NO_MORE.tries; tries++) {
      const { rowCount } = await client.query(STOP_WAITING, [processID]);
      if (rowCount === 0) return;
      await sleep(WAIT_NO_MORE.pauseMs, signal);
    }
  } catch {
    // Where the server cannot be asked it waits on.
  } finally {
    await settleWithin(FAREWELL_MS, [client.end()]);
  }
}
