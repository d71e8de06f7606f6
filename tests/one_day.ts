import { sleep } from "../lib/net/pause.ts";

const DAY_MS = 86_400_000;

/** Longest that is waited for the next day, milliseconds: longer than what is counted of a day takes in any test. */
const MOST_WAIT_MS = 60_000;

/** Waits for the next day of UTC where this one is nearly over: what is counted of a day begins anew with it. */
export async function beginOfOneDay(): Promise<void> {
  const left = DAY_MS - Date.now() % DAY_MS;
  if (left <= MOST_WAIT_MS) await sleep(left + 1);
}
