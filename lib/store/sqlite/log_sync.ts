/**
 * Puts on the disk what a database in WAL mode has written to its log, while everything else goes on: SQLite
 * itself would wait for the disk in the one thread that serves everybody.
 */
export class LogSync {
  readonly #path: string;
  #underWay: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  /** @param path of the log, which SQLite makes. */
  constructor(path: string) {
    this.#path = path;
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
      return this.#sync();
    });
  }

  async #sync(): Promise<void> {
    try {
      using log = await Deno.open(this.#path, { read: true, write: true });
      await log.syncData();
    } catch (error) {
      // The database was closed meanwhile, which put everything into it, and that on the disk.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}
