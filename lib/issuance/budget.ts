import { TokenBuckets } from "../net/token_buckets.ts";
import { type Refusal, refuse } from "../wire/problems.ts";

/** The stretch that an account's requests are counted over. */
export const DAY_MS = 86_400_000;

/** The stretch that authorities count over. */
export const BUDGET_WINDOW_MS = 7 * DAY_MS;

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

/** What {@linkcode turns} goes by; times in milliseconds since the epoch. */
export interface Budget {
  /** When the certificates for new names that count now were signed, oldest first. */
  signed: readonly number[];
  /** Orders under way. */
  running: Iterable<{ renewal: boolean }>;
  /** New names in any seven days. */
  perWeek: number;
  now: number;
}

/** When each waiting order may be placed, in their order of service; renewals at once, as 0. */
export function turns(waiting: readonly { renewal: boolean }[], budget: Budget): number[] {
  const { signed, running, perWeek, now } = budget;
  const placed = [...signed];
  for (const { renewal } of running) if (!renewal) placed.push(now);
  const newNames = waiting.filter(({ renewal }) => !renewal).length;
  const times = placementTimes(placed, newNames, perWeek, now);
  return waiting.map(({ renewal }) => renewal ? 0 : times.shift() ?? 0);
}

/** The answer to a request above the daily limit of an account, of which `accepted` were made. */
export function refuseDaily(
  accepted: readonly number[],
  limit: number,
  now: number,
): Refusal<"rate-limited"> {
  const until = accepted.at(-limit)! + DAY_MS;
  return refuse(
    "rate-limited",
    `This account made ${accepted.length} certificate requests in the last 24 hours, the limit is ${limit}; ask again at ${
      new Date(until).toISOString()
    }`,
    Math.max(1, Math.ceil((until - now) / 1000)),
  );
}

/** The answer to a user who sends more requests than are looked at: one more a minute is. */
export function refuseMany(): Refusal<"rate-limited"> {
  return refuse(
    "rate-limited",
    "This account sent many certificate requests in a short time; wait a minute, and mend what they were refused for.",
    60,
  );
}

/**
 * How many requests of each user are looked at, whatever comes of them: reading one can take a twentieth of a second,
 * and who has it refused can send it again. No fewer than a user may order.
 */
export function looksFor({ perAccountPerDay = 0 }: { perAccountPerDay?: number }): TokenBuckets {
  return new TokenBuckets({
    perSecond: Math.max(1 / 60, perAccountPerDay / (DAY_MS / 1000)),
    burst: Math.max(60, perAccountPerDay),
  });
}
