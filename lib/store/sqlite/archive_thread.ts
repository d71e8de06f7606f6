import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { orAborted } from "../../net/pause.ts";

/** What an {@linkcode ArchiveThread} tells its worker. */
export interface ArchiveTask {
  stateDir: string;
  target: string;
}

/** What the worker answers: why it failed, if it did. */
export interface ArchiveResult {
  problem?: string;
}

/**
 * A thread that writes archives: SQLite copies a large database in one go of a second or more, and nothing else of the
 * process can go on in its thread meanwhile, not even to hear a signal. To be disposed of by who started it.
 */
export class ArchiveThread implements AsyncDisposable {
  readonly #worker: Worker;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** Resolves once it needs nothing more of where the program is. */
  static async start(): Promise<ArchiveThread> {
    const thread = new ArchiveThread(new Worker(new URL("archive_worker.ts", import.meta.url)));
    try {
      await once(thread.#worker, "message");
      return thread;
    } catch (error) {
      await thread[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * As `writeArchive`.
   *
   * @param signal has the copy given up, which may be written until the thread is disposed of.
   */
  async write(task: ArchiveTask, signal?: AbortSignal): Promise<void> {
    const answer = once(this.#worker, "message") as Promise<[ArchiveResult]>;
    this.#worker.postMessage(task);
    const [{ problem }] = await (signal === undefined ? answer : orAborted(answer, signal));
    if (problem !== undefined) throw new Error(problem);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}
