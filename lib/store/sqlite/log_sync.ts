/** How much of a slow sync's time counts still at the next one: a disk that stalls is not quick at once. */
const FADING = 0.8;

/**
 * Puts on the disk what a database in WAL mode has written to its log, while everything else goes on: SQLite
 * itself would wait for the disk in the one thread that serves everybody.
 */
export class LogSync {
  /** Kept open: once descriptors have run out it could not be opened. */
  readonly #log: Deno.FsFile;
  #underWay: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  #diskMs = 0;

  /**
   * @param path of the log: SQLite makes it at the first look into the database, and keeps it until that is closed.
   * @throws {Error} if it cannot be opened.
   */
  constructor(path: string) {
    this.#log = Deno.openSync(path, { read: true, write: true });
  }

  /** How long the disk takes, milliseconds: the longest of late. */
  get diskMs(): number {
    return this.#diskMs;
  }

  /**
   * Resolves once all that was written before the call is on the disk. Of calls at the same time one
   * does for all.
   *
   * @throws {Error} if the disk does not take it.
   */
  sync(): Promise<void> {
    // Not the one under way, which may have begun before the last write.
    return this.#next ??= this.#underWay.catch(() => {}).then(() => {
      this.#underWay = this.#next!;
      this.#next = undefined;
      return this.#syncNow();
    });
  }

  /** Closes the file once nobody waits for the disk any more. Never rejects. */
  async close(): Promise<void> {
    await (this.#next ?? this.#underWay).catch(() => {});
    this.#log.close();
  }

  async #syncNow(): Promise<void> {
    const began = performance.now();
    await this.#log.syncData();
    this.#diskMs = Math.max(performance.now() - began, FADING * this.#diskMs);
  }
}
