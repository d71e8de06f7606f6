/**
 * Puts on the disk what a database in WAL mode has written to its log, while everything else goes on: SQLite
 * itself would wait for the disk in the one thread that serves everybody.
 */
export class LogSync {
  /** Kept open: once descriptors have run out it could not be opened. */
  readonly #log: Deno.FsFile;
  #underWay: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  /**
   * @param path of the log: SQLite makes it at the first look into the database, and keeps it until that is closed.
   * @throws {Error} if it cannot be opened.
   */
  constructor(path: string) {
    this.#log = Deno.openSync(path, { read: true, write: true });
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
      return this.#log.syncData();
    });
  }

  /** Closes the file once nobody waits for the disk any more. Never rejects. */
  async close(): Promise<void> {
    await (this.#next ?? this.#underWay).catch(() => {});
    this.#log.close();
  }
}
