import { acquireLock, type Lock } from "../file/lock.ts";
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
  #lock: Lock | undefined;

  /** Waits for it from now on. @param path of the lock file. */
  constructor(path: string) {
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
    while (!signal.aborted) {
      // A lock that cannot be had now, for want of a descriptor or so, is tried again as one that is held.
      const lock = await acquireLock(path, { owner: "daemon" }).catch(() => undefined);
      if (signal.aborted) lock?.release();
      else if (lock !== undefined) return this.#lock = lock;
      else await sleep(LOOK_MS, signal);
    }
  }
}
