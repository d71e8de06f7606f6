/*
 * Writes one archive, as `archive_beside.ts` tells it.
 */
import { parentPort, workerData } from "node:worker_threads";
import { writeArchive } from "./archive.ts";
import type { ArchiveResult, ArchiveTask } from "./archive_beside.ts";

const { stateDir, target } = workerData as ArchiveTask;
// What is thrown in a worker the runtime prints, whoever catches it.
const result: ArchiveResult = await writeArchive(stateDir, target).then(
  () => ({}),
  (error) => ({ problem: (error as Error).message }),
);
parentPort!.postMessage(result);
