import { holderOfHandOverLock } from "../file/hand_over_lock.ts";
import { sleep } from "../net/pause.ts";

/** How often it is looked whether a successor lives, milliseconds. */
const LOOK_MS = 100;

/**
 * Looks whether a successor lives while it takes this process's place: it holds a lock until it has it, which
 * may be the next one's in the moment after it has died.
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
  const holder = (): Promise<string | undefined> => holderOfHandOverLock(stateDir, process);
  (async () => {
    let successor = await holder();
    // One of an earlier version takes no lock.
    if (successor === undefined) return;
    for (; !signal.aborted; await sleep(LOOK_MS, signal)) {
      const found = await holder();
      if (found === "") continue;
      successor ||= found;
      if (found !== successor && !signal.aborted) return onGone();
    }
  })();
  return () => over.abort();
}
