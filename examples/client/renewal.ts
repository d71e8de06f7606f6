/** Share of a certificate's life left at which it is renewed when the relay advised nothing. */
const SHARE_LEFT = 1 / 3;

/** Longest time between two looks at the certificate, milliseconds: an hour. */
const LONGEST_LOOK_MS = 3_600_000;

/** Shortest time between two looks, milliseconds: a minute. */
const SHORTEST_LOOK_MS = 60_000;

/** How much earlier than planned a look may come, as a share; spreads the clients of a relay. */
const LOOK_JITTER = 0.2;

/** What tells when a certificate has to be renewed; times in milliseconds since the epoch. */
export interface Validity {
  notBefore: number;
  notAfter: number;
  /** RFC 3339, the relay's advice. */
  renewAfter?: string;
}

/**
 * When to renew: at the relay's advice or with a third of the life left, whichever comes first.
 * Advice that cannot be read is no advice.
 */
export function renewalTime({ notBefore, notAfter, renewAfter }: Validity): number {
  const byShare = notAfter - (notAfter - notBefore) * SHARE_LEFT;
  const advised = renewAfter === undefined ? NaN : Date.parse(renewAfter);
  return Number.isNaN(advised) ? byShare : Math.min(byShare, advised);
}

/**
 * How long to wait before the next look at the certificate, milliseconds.
 *
 * Never much more than an hour: a computer that was asleep notices soon after it woke.
 *
 * @param random uniform in [0, 1).
 */
export function nextLookMs(renewAt: number, now: number, random: number): number {
  const planned = Math.min(Math.max(renewAt - now, SHORTEST_LOOK_MS), LONGEST_LOOK_MS);
  return Math.round(planned * (1 - LOOK_JITTER * random));
}
