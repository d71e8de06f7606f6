import { once } from "node:events";
import { Worker } from "node:worker_threads";

/** What {@linkcode writeArchiveBeside} tells its worker. */
export interface ArchiveTask {
  stateDir: string;
  target: string;
}

/** What the worker answers: why it failed, if it did. */
export interface ArchiveResult {
  problem?: string;
}

/**
 * As `writeArchive`, on a thread of its own: SQLite copies a large database in one go of a second or more,
 * and nothing else of the process can go on in its thread meanwhile.
 */
export async function writeArchiveBeside(stateDir: string, target: string): Promise<void> {
  const workerData: ArchiveTask = { stateDir, target };
  const worker = new Worker(new URL("archive_worker.ts", import.meta.url), { workerData });
  try {
    const [{ problem }] = await once(worker, "message") as [ArchiveResult];
    if (problem !== undefined) throw new Error(problem);
  } finally {
    await worker.terminate();
  }
}
