import { acquireLock } from "../file/lock.ts";
import { LostTurnError, type SharedTurn } from "../store/shared_turn.ts";
import type { DnsProvider } from "./provider.ts";

/** How long another process may hold the zones. */
const LOCK_WAIT_MS = 120_000;

/** How often what lost its turn half-way is done from its beginning. */
const LOST_TRIES = 5;

/**
 * Runs what reads, changes and writes a zone when those before it are done. It is run from its beginning
 * again where it loses its turn to another relay before it wrote.
 */
export type DnsTurn = <T>(action: () => Promise<T>) => Promise<T>;

/**
 * Makes the one order in which a process of this relay writes to the DNS.
 *
 * A set is replaced as a whole, so each change reads, changes and writes; two at once would lose one's
 * values (lego #1578, certwarden #41) and, where PowerDNS keeps its zones in SQLite, fail.
 *
 * @param lockPath lock file that keeps other processes of this relay from writing at the same time.
 * @param shared keeps other relays that write to the same zones from that.
 */
export function createDnsTurn(lockPath: string, shared?: SharedTurn): DnsTurn {
  let last: Promise<unknown> = Promise.resolve();

  async function locked<T>(action: () => Promise<T>): Promise<T> {
    const lock = await acquireLock(lockPath, { owner: "challenges", waitMs: LOCK_WAIT_MS });
    if (lock === undefined) {
      throw new Error(`Cannot write to the DNS: another process holds ${lockPath}; end it`);
    }
    try {
      return await (shared === undefined ? action() : holding(shared, action));
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

async function holding<T>(turn: SharedTurn, action: () => Promise<T>): Promise<T> {
  for (let tries = 1;; tries++) {
    await turn.take();
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof LostTurnError) || tries === LOST_TRIES) throw error;
    } finally {
      await turn.release();
    }
  }
}

/** A provider that writes only while it is this relay's turn. */
export function writingInTurn(dns: DnsProvider, turn: SharedTurn): DnsProvider {
  return {
    ...dns,
    async replace(zone, sets) {
      await turn.look();
      await dns.replace(zone, sets);
    },
  };
}
