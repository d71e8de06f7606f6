import { sleep } from "../../lib/net/pause.ts";

/** Pause between two looks, milliseconds. */
const LOOK_EVERY_MS = 250;

/**
 * Looks until nothing is missing.
 *
 * @param missing tells what still is; undefined when nothing.
 * @param withinS how long that may take, seconds.
 * @throws {Error} which tells what is still missing when the time is over.
 */
export async function until(
  missing: () => Promise<string | undefined>,
  withinS: number,
): Promise<void> {
  const late = performance.now() + withinS * 1000;
  for (;;) {
    const what = await missing();
    if (what === undefined) return;
    if (performance.now() >= late) throw new Error(`Cannot go on after ${withinS} s: ${what}`);
    await sleep(LOOK_EVERY_MS);
  }
}
