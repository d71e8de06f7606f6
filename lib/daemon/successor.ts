import { isHandOverLockFree } from "../file/hand_over_lock.ts";
import { sleep } from "../net/pause.ts";

/** How often it is looked whether a successor lives, milliseconds. */
const LOOK_MS = 100;

/**
 * Looks whether a successor lives while it takes this process's place: it holds a lock until it has it.
 *
 * @param onGone called once it has ended.
 * @returns how to look no more.
 */
export function watchSuccessor(
  stateDir: string,
  process: number,
  onGone: () => void,
): () => void {
  const over = new AbortController();
  const { signal } = over;
  const isFree = (): Promise<boolean> => isHandOverLockFree(stateDir, process);
  (async () => {
    // One of an earlier version takes no lock.
    if (await isFree()) return;
    for (; !signal.aborted; await sleep(LOOK_MS, signal)) {
      if (await isFree() && !signal.aborted) return onGone();
    }
  })();
  return () => over.abort();
}
