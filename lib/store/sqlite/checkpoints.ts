import type { DatabaseSync, StatementSync } from "node:sqlite";
import { isSqliteError } from "./transaction.ts";
import { withFix } from "./with_fix.ts";

/** How many pages of the log are put into the database together: SQLite's own number. */
const PAGES = 1_000;

/** A log so many times as long grows no more: who changes something waits until it has begun anew. */
const LONGEST = 4;

/** How often SQLite waits for the disk at a checkpoint, until the log has begun anew. */
const SYNCS = 3;

/** How long everybody may wait for the disk, so many times: a visitor notices nothing of 100 ms. */
const QUICK_DISK_MS = 30;

/** What a checkpoint's worker is told. */
export interface CheckpointTask {
  /** Of the database. */
  path: string;
  /** Whether it keeps others from changing anything, after which the log can begin anew for sure. */
  alone: boolean;
}

/** What the worker answers: why it failed, if it did. */
export interface CheckpointResult {
  problem?: string;
}

/** Options for {@linkcode Checkpoints}. */
export interface CheckpointOptions {
  /** How many pages of the log are put into the database together. @default {1000} */
  checkpointPages?: number;
  /** How long a disk takes at most, each time, that is waited for in this thread, milliseconds. @default {30} */
  quickDiskMs?: number;
  /** Told why the log cannot be put into the database, once until it can be; it is tried again. */
  onCheckpointProblem?: (why: string) => void;
}

/**
 * Puts the log of a database in WAL mode into the database. SQLite waits for the disk then, twice, and once more as
 * the log begins anew. With a slow disk that is done in a thread of its own; where it is a moment, in this one, since
 * the first thread costs 5 MB of memory for good, and each of them 15 ms of this one.
 */
export class Checkpoints {
  readonly #path: string;
  readonly #pages: number;
  readonly #quickDiskMs: number;
  readonly #onProblem: (why: string) => void;
  readonly #lengths: StatementSync;
  readonly #checkpoint: StatementSync;
  #underWay: Promise<void> | undefined;
  /** What the last one had to leave in the log: somebody was reading or writing it, or it failed. */
  #left = 0;
  #hasProblem = false;
  /** How long the last one took: pages all over the database take a disk longer than a log does. */
  #tookMs = 0;

  /** @param db stays the caller's, and SQLite makes no checkpoint of its own there any more. */
  constructor(db: DatabaseSync, path: string, options: CheckpointOptions = {}) {
    this.#path = path;
    this.#pages = options.checkpointPages ?? PAGES;
    this.#quickDiskMs = options.quickDiskMs ?? QUICK_DISK_MS;
    this.#onProblem = options.onCheckpointProblem ?? (() => {});
    db.exec("PRAGMA wal_autocheckpoint = 0");
    this.#lengths = db.prepare("PRAGMA wal_checkpoint(NOOP)");
    this.#checkpoint = db.prepare("PRAGMA wal_checkpoint(PASSIVE)");
  }

  /** The one under way in its thread, which may keep others from changing anything; never rejects. */
  get underWay(): Promise<void> | undefined {
    return this.#underWay;
  }

  /**
   * The one under way, where it is about to have the log begin anew: whoever wrote something before it did would wait
   * for the disk in its place.
   */
  get atItsEnd(): Promise<void> | undefined {
    if (this.#underWay === undefined) return undefined;
    return this.#look().left === 0 ? this.#underWay : undefined;
  }

  /**
   * Begins one if enough was written for it. Never throws.
   *
   * @param diskMs how long the disk takes for the log now, milliseconds.
   */
  beginIfDue(diskMs: number): void {
    if (this.#underWay !== undefined) return;
    const { log, left } = this.#look();
    // By what is new: what a reader holds up or a disk refuses is not tried again at every change.
    this.#left = Math.min(this.#left, left);
    if (left - this.#left < this.#pages) return;
    const began = performance.now();
    if (Math.max(diskMs, this.#tookMs / SYNCS) <= this.#quickDiskMs) {
      return this.#note(began, this.#checkpointHere());
    }
    const task = { path: this.#path, alone: log >= LONGEST * this.#pages };
    this.#underWay = inWorker(task).then((problem) => {
      this.#underWay = undefined;
      this.#note(began, problem);
    });
  }

  #checkpointHere(): string | undefined {
    try {
      this.#checkpoint.get();
    } catch (error) {
      return problemOf(error, this.#path);
    }
  }

  #note(began: number, problem: string | undefined): void {
    this.#tookMs = performance.now() - began;
    this.#left = this.#look().left;
    if (problem !== undefined && !this.#hasProblem) this.#onProblem(problem);
    this.#hasProblem = problem !== undefined;
  }

  /** How many pages the log has, and how many of them are not in the database; no lock is taken for it. */
  #look(): { log: number; left: number } {
    const { log, checkpointed } = this.#lengths.get()!;
    return { log: Number(log), left: Number(log) - Number(checkpointed) };
  }
}

/** Whether SQLite tells how long a log is; before 3.51 it would make a checkpoint instead, each time. */
export function tellsLogLength(db: DatabaseSync): boolean {
  const { version } = db.prepare("SELECT sqlite_version() AS version").get()!;
  const [major = 0, minor = 0] = String(version).split(".").map(Number);
  return major > 3 || minor >= 51;
}

/** Why a checkpoint failed. */
export function problemOf(error: unknown, path: string): string {
  const { message } = error as Error;
  return isSqliteError(error) ? withFix(message, path) : message;
}

/** Makes a checkpoint in a thread of its own; resolves with why it failed, if it did. */
async function inWorker(task: CheckpointTask): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  let worker: Worker;
  try {
    // Not Node's, which takes twice the memory, and three times as long until this thread can go on.
    worker = new Worker(new URL("checkpoint_worker.ts", import.meta.url), { type: "module" });
  } catch (error) {
    return `Cannot begin a thread: ${(error as Error).message}`;
  }
  worker.onmessage = ({ data }: MessageEvent<CheckpointResult>) => resolve(data.problem);
  worker.onerror = (event) => {
    // Or the runtime ends the program.
    event.preventDefault();
    resolve(event.message);
  };
  worker.postMessage(task);
  try {
    return await promise;
  } finally {
    worker.terminate();
  }
}
