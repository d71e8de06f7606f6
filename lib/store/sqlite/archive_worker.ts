/*
 * Writes archives, as `archive_thread.ts` tells it.
 */
import { parentPort } from "node:worker_threads";
import { writeArchive } from "./archive.ts";
import type { ArchiveResult, ArchiveTask } from "./archive_thread.ts";

parentPort!.on("message", async ({ stateDir, target }: ArchiveTask) => {
  // What is thrown in a worker the runtime prints, whoever catches it.
  const result: ArchiveResult = await writeArchive(stateDir, target).then(
    () => ({}),
    (error) => ({ problem: (error as Error).message }),
  );
  parentPort!.postMessage(result);
});
parentPort!.postMessage("ready");
