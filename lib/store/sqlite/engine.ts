import type { DatabaseSync } from "node:sqlite";
import { sleep } from "../../net/pause.ts";
import { StoreError } from "../error.ts";
import { type CheckpointOptions, Checkpoints, tellsLogLength } from "./checkpoints.ts";
import { LogSync } from "./log_sync.ts";
import { isLocked, isSqliteError, transaction } from "./transaction.ts";
import { withFix } from "./with_fix.ts";

/** How long a change waits for another process's lock. */
const LOCK_TIMEOUT_MS = 5_000;

/** First and longest pause before it tries again. */
const LOCK_RETRY_MS = { first: 5, longest: 100 } as const;

/** Options for {@linkcode Engine}. */
export interface EngineOptions extends CheckpointOptions {
  /** How long a change waits for another process's lock, milliseconds. @default {5_000} */
  lockTimeoutMs?: number;
}

/**
 * How the tables ask their database: what they do is done at once and whole, and only the answer, or
 * the wait for the disk or for another process's lock, is a promise.
 */
export class Engine {
  readonly db: DatabaseSync;
  readonly #path: string | null;
  readonly #lockTimeoutMs: number;
  /** Absent where SQLite has to wait for the disk itself: in memory, and without WAL. */
  readonly #log: LogSync | undefined;
  /** Absent where SQLite makes them itself, at the change that there is enough for one. */
  readonly #checkpoints: Checkpoints | undefined;
  #isClosed = false;

  /** @param db is the engine's from here on. */
  constructor(db: DatabaseSync, options: EngineOptions = {}) {
    this.db = db;
    this.#lockTimeoutMs = options.lockTimeoutMs ?? LOCK_TIMEOUT_MS;
    // Asked for later, a database that is closed by then does not tell it.
    const path = this.#path = db.location();
    const mode = db.prepare("PRAGMA journal_mode").get()!.journal_mode;
    if (path === null || mode !== "wal") return;
    this.#log = new LogSync(`${path}-wal`);
    // No wait for the disk at a change, where `write` sees to it.
    db.exec("PRAGMA synchronous = NORMAL");
    if (tellsLogLength(db)) this.#checkpoints = new Checkpoints(db, path, options);
  }

  /**
   * Runs what only reads: no lock holds it up.
   *
   * @throws {StoreError} when the database cannot be read.
   */
  read<T>(work: () => T): Promise<T> {
    return Promise.try(() => this.#try(work));
  }

  /**
   * Runs `work` in a transaction; resolves once it is on the disk. Tries again while another process, or a
   * checkpoint, holds the lock; nobody else waits meanwhile, and nothing of `work` was done. Without such a
   * lock all is done, and read by others, before this returns.
   *
   * @throws {StoreError} when the lock was held for too long, or the database cannot be written. Of a disk
   * that fails it is not known whether it has the change.
   */
  async write<T>(work: () => T, lockTimeoutMs: number = this.#lockTimeoutMs): Promise<T> {
    const giveUpAt = performance.now() + lockTimeoutMs;
    for (
      let wait: number = LOCK_RETRY_MS.first;;
      wait = Math.min(wait * 2, LOCK_RETRY_MS.longest)
    ) {
      const restart = this.#checkpoints?.atItsEnd;
      if (restart !== undefined) await restart;
      try {
        const result = this.#try(() => transaction(this.db, work));
        // Asked for at once: `close` waits for what is.
        await this.#sync();
        if (!this.#isClosed) this.#checkpoints?.beginIfDue(this.#log!.diskMs);
        return result;
      } catch (error) {
        if (!isLocked((error as Error).cause)) throw error;
        const checkpoint = this.#checkpoints?.underWay;
        if (checkpoint === undefined && performance.now() >= giveUpAt) throw error;
        await (checkpoint ?? sleep(wait));
      }
    }
  }

  /** What waits for a lock rejects; what waits for the disk is waited for. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // SQLite puts the rest of the log into the database where nobody else has it open.
    await this.#checkpoints?.underWay;
    this.db.close();
    await this.#log?.close();
  }

  async #sync(): Promise<void> {
    try {
      await this.#log?.sync();
    } catch (error) {
      throw this.#fault(`disk I/O error: ${(error as Error).message}`, error);
    }
  }

  #try<T>(work: () => T): T {
    if (this.#isClosed) throw new StoreError("the store is closed");
    try {
      return work();
    } catch (error) {
      if (!isSqliteError(error)) throw error;
      throw this.#fault((error as Error).message, error);
    }
  }

  #fault(message: string, cause: unknown): StoreError {
    const path = this.#path ?? "in memory";
    const why = withFix(message, path);
    return new StoreError(`Cannot use the database ${path}: ${why}`, { cause });
  }
}
