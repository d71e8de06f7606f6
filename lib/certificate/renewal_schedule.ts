/** Certificates that live shorter than this count as short-lived (RFC 9773 has no word for it). */
const SHORT_LIFETIME_MS = 10 * 86_400_000;

/** Share of a lifetime that is left when renewal is due. */
const SHARE_LEFT = 1 / 3;

/** The same for short-lived ones: 160 hours leave 80 to mend what is broken, not 53. */
const SHORT_SHARE_LEFT = 1 / 2;

/** Renewals are spread over this share of the lifetime before they are due. */
const JITTER_SHARE = 1 / 50;

/** First wait after a failure. Five tries in the first hour, as many as Let's Encrypt lets fail. */
const BACKOFF_START_MS = 60_000;
const BACKOFF_FACTOR = 3;
const BACKOFF_CAP_MS = 6 * 3_600_000;

/** First wait while something is held up, and by what part of the time that it is so already others are longer. */
const HELD_UP_START_MS = 5_000;
const HELD_UP_SHARE = 1 / 4;

/** By how much the clock has to be set back for a pause to be void: less is waited for, milliseconds. */
const SET_BACK_MS = 60_000;

/** First and last moment of a certificate, milliseconds since the epoch. */
export interface Lifetime {
  notBefore: number;
  notAfter: number;
}

/** When a certificate is to be renewed: a third of its lifetime left, a half for short ones. */
export function renewalTime({ notBefore, notAfter }: Lifetime): number {
  const lifetime = Math.max(0, notAfter - notBefore);
  const share = lifetime < SHORT_LIFETIME_MS ? SHORT_SHARE_LEFT : SHARE_LEFT;
  return Math.floor(notAfter - lifetime * share);
}

/**
 * {@linkcode renewalTime}, earlier by a random part of a fiftieth of the lifetime, so that relays
 * which started together do not come to the authority together.
 *
 * @param random as `Math.random`.
 */
export function jitteredRenewalTime(lifetime: Lifetime, random: () => number): number {
  const spread = Math.max(0, lifetime.notAfter - lifetime.notBefore) * JITTER_SHARE;
  return Math.floor(renewalTime(lifetime) - spread * random());
}

/**
 * How long to wait after the `failures`th failure in a row: one minute, then three times as long
 * each time up to six hours, but never more than an eighth of the time left (at least a minute),
 * and a fifth more or less at random.
 */
export function backoffMs(failures: number, leftMs: number, random: () => number): number {
  const grown = BACKOFF_START_MS * BACKOFF_FACTOR ** Math.max(0, failures - 1);
  // With nothing left to lose the time left says nothing: only growth and cap count.
  const leftCap = leftMs > 0 ? Math.max(BACKOFF_START_MS, leftMs / 8) : Infinity;
  return Math.round(Math.min(grown, BACKOFF_CAP_MS, leftCap) * (0.8 + 0.4 * random()));
}

/**
 * How long to wait while something that the authority knows nothing of holds an order up: five seconds, then a
 * quarter of the time that it has done so, up to a minute; and a fifth more or less at random.
 */
export function heldUpMs(forMs: number, random: () => number): number {
  const grown = Math.max(HELD_UP_START_MS, forMs * HELD_UP_SHARE);
  return Math.round(Math.min(grown, BACKOFF_START_MS) * (0.8 + 0.4 * random()));
}

/** A pause by the machine's clock, milliseconds since the epoch. */
export interface Pause {
  until: number;
  /** When it was decided on. */
  since: number;
}

/**
 * When a pause ends, milliseconds since the epoch; 0 where the clock was set back to before it began: what
 * was planned while that was years ahead would be waited for as long.
 */
export function endOfPause({ until, since }: Pause, now: number): number {
  return now < since - SET_BACK_MS ? 0 : until;
}
