import { acquireLock, type Lock } from "../file/lock.ts";
import type { Log } from "../log.ts";
import { sleep } from "../net/pause.ts";

/** How often it is looked whether the turn has come. */
const LOOK_MS = 100;

/**
 * The turn to do what one process of a state folder is to do at a time, also while one takes another's place: to
 * order users' certificates and write their names into the DNS, or to renew the relay's own certificate.
 */
export class Turn {
  readonly #ended = new AbortController();
  /** Resolves when it has come; never, when it was ended before. */
  readonly come: Promise<void>;
  readonly #log: Pick<Log, "error">;
  #lock: Lock | undefined;

  /** Waits for it from now on. @param path of the lock file. */
  constructor(path: string, log: Pick<Log, "error">) {
    this.#log = log;
    const come = Promise.withResolvers<void>();
    this.come = come.promise;
    this.#wait(path).then((lock) => {
      if (lock !== undefined) come.resolve();
    });
  }

  /** Leaves it to the next. */
  end(): void {
    this.#ended.abort();
    this.#lock?.release();
  }

  async #wait(path: string): Promise<Lock | undefined> {
    const { signal } = this.#ended;
    let isTold = false;
    while (!signal.aborted) {
      const lock = await acquireLock(path, { owner: "daemon" }).catch((error) => {
        // Tried again as one that is held: descriptors may be wanting, or it is somebody else's.
        if (!isTold) {
          this.#log.error("no certificate is ordered until the lock can be had", { error });
        }
        isTold = true;
      });
      if (signal.aborted) lock?.release();
      else if (lock) return this.#lock = lock;
      else await sleep(LOOK_MS, signal);
    }
  }
}
