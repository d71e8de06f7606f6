import { existsSync } from "node:fs";
import { run } from "../run.ts";

/**
 * Has processes, with all their threads and what they start from now on, come before all others of the
 * machine: their waits are then the network's and not the processor's.
 *
 * @returns whether that is allowed here.
 */
export async function comeFirst(pids: readonly number[]): Promise<boolean> {
  const each = await Promise.all(pids.map(async (pid) => {
    const { code } = await run("chrt", ["--all-tasks", "--rr", "--pid", "20", `${pid}`]);
    // It may have ended.
    return code === 0 || !existsSync(`/proc/${pid}`);
  }));
  return each.every(Boolean);
}
