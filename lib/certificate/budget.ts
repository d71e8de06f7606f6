/** The stretch that authorities count over. */
export const BUDGET_WINDOW_MS = 7 * 86_400_000;

/**
 * When each of `waiting` orders can be placed, first in the queue first, under a budget of
 * `perWindow` certificates in any seven days: `now` for those that fit, else the moment when enough
 * earlier ones are a week old. Orders placed on the way count against those behind them.
 *
 * @param placed when the certificates that count now were signed (or ordered), oldest first.
 */
export function placementTimes(
  placed: readonly number[],
  waiting: number,
  perWindow: number,
  now: number,
): number[] {
  const all = placed.filter((at) => at > now - BUDGET_WINDOW_MS);
  const counted = all.length;
  for (let i = 0; i < waiting; i++) {
    // The order that has to be a week old before this one may be placed.
    const blocking = all[all.length - perWindow];
    all.push(blocking === undefined ? now : Math.max(now, blocking + BUDGET_WINDOW_MS));
  }
  return all.slice(counted);
}
