import { acquireLock } from "../file/lock.ts";

/** How long another process may hold the zones. */
const LOCK_WAIT_MS = 120_000;

/** Runs what reads, changes and writes a zone when those before it are done. */
export type DnsTurn = <T>(action: () => Promise<T>) => Promise<T>;

/**
 * Makes the one order in which a process of this relay writes to the DNS.
 *
 * A set is replaced as a whole, so each change reads, changes and writes; two at once would lose one's
 * values (lego #1578, certwarden #41) and, where PowerDNS keeps its zones in SQLite, fail.
 *
 * @param lockPath lock file that keeps other processes of this relay from writing at the same time.
 */
export function createDnsTurn(lockPath: string): DnsTurn {
  let last: Promise<unknown> = Promise.resolve();

  async function locked<T>(action: () => Promise<T>): Promise<T> {
    const lock = await acquireLock(lockPath, { owner: "challenges", waitMs: LOCK_WAIT_MS });
    if (lock === undefined) {
      throw new Error(`Cannot write to the DNS: another process holds ${lockPath}; end it`);
    }
    try {
      return await action();
    } finally {
      lock.release();
    }
  }

  return (action) => {
    const turn = last.then(() => locked(action));
    last = turn.catch(() => {});
    return turn;
  };
}
