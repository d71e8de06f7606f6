/** Verifications that a relay allows for a claim (PROTOCOL section 1). */
export const MAX_CHECKS = 20;

/** Of these, how many are made by themselves; the others are for the person to ask for. */
const AUTOMATIC_CHECKS = 14;

/** Pauses before the first checks, seconds: people are quick, or they went for a tea. */
const FIRST_PAUSES_S = [15, 20, 30, 45];

/** Pause before each later check, seconds: ten of them reach the end of a code's 15 minutes. */
const LATER_PAUSE_S = 75;

/**
 * The pause before the next check that is made by itself, milliseconds; undefined when only those
 * that a person asks for are left.
 *
 * @param made checks made by themselves so far.
 */
export function pauseBeforeCheck(made: number): number | undefined {
  if (made >= AUTOMATIC_CHECKS) return undefined;
  return (FIRST_PAUSES_S[made] ?? LATER_PAUSE_S) * 1000;
}
