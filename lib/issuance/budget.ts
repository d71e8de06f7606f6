import { TokenBuckets } from "../net/token_buckets.ts";
import type { QueuedOrder } from "../store/orders.ts";
import { type Refusal, refuse } from "../wire/problems.ts";

/** The stretch that an account's requests are counted over. */
export const DAY_MS = 86_400_000;

/** The stretch that authorities count over. */
export const BUDGET_WINDOW_MS = 7 * DAY_MS;

/** A certificate that counts against the budget, or an order under way. */
export interface Placed {
  /** Milliseconds since the epoch. */
  at: number;
  username: string;
}

/**
 * When each of the orders that wait can be placed, first in the queue first, under a budget of
 * `perWindow` certificates in any seven days: `now` for those that fit, else the moment when enough
 * earlier ones are a week old. Orders placed on the way count against those behind them.
 *
 * A user with certificates of these seven days has no more of them than are still free, as in `Places`:
 * else one who asks for other names below their own each time, or comes back again and again, would
 * take all, and nobody new would have any for a week.
 *
 * @param placed oldest first.
 * @param waiting the users whose orders wait.
 */
export function placementTimes(
  placed: readonly Placed[],
  waiting: readonly string[],
  perWindow: number,
  now: number,
): number[] {
  // Of a clock that was set back since by more than a week, nothing counts.
  const all = placed.filter(({ at }) => Math.abs(at - now) < BUDGET_WINDOW_MS);
  const used = new Map<string, number>();
  for (const { username } of all) used.set(username, (used.get(username) ?? 0) + 1);
  return waiting.map((username) => {
    const own = used.get(username) ?? 0;
    // The order that has to be a week old before this one may be placed.
    const blocking = all[Math.min(all.length - 1, all.length - perWindow + own)];
    const at = blocking === undefined ? now : Math.max(now, blocking.at + BUDGET_WINDOW_MS);
    // Who waits for a share of their own keeps nobody waiting.
    if (own > 0 && at > now) return at;
    all.push({ at, username });
    used.set(username, own + 1);
    return at;
  });
}

/** An order as the budget sees it. */
type Counted = Pick<QueuedOrder, "username" | "renewal">;

/** What {@linkcode turns} goes by; times in milliseconds since the epoch. */
export interface Budget {
  /** The certificates for new names that count now, oldest first. */
  signed: readonly Placed[];
  /** Orders under way. */
  running: Iterable<Counted>;
  /** New names in any seven days. */
  perWeek: number;
  now: number;
}

/** When each waiting order may be placed, in their order of service; renewals at once, as 0. */
export function turns(waiting: readonly Counted[], budget: Budget): number[] {
  const { signed, running, perWeek, now } = budget;
  const placed = [...signed];
  for (const { renewal, username } of running) if (!renewal) placed.push({ at: now, username });
  const newNames = waiting.filter(({ renewal }) => !renewal).map(({ username }) => username);
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
