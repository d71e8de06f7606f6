import { StoreError } from "../error.ts";

/** How long the database may take, before what is remembered has to do. */
const PATIENCE_MS = 1_500;

/**
 * The answer; what is known instead where it takes too long, or cannot be had.
 *
 * @throws {StoreError} of the answer, where nothing is known.
 */
export async function orElse<T>(
  answer: Promise<T>,
  known: T | undefined,
): Promise<{ value: T; isKnown: boolean }> {
  const answered = answer.then((value) => ({ value, isKnown: false }));
  if (known === undefined) return await answered;
  const instead = { value: known, isKnown: true };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<typeof instead>((resolve) =>
    timer = setTimeout(resolve, PATIENCE_MS, instead)
  );
  try {
    return await Promise.race([answered, late]);
  } catch (error) {
    if (error instanceof StoreError) return instead;
    throw error;
  } finally {
    clearTimeout(timer);
    answered.catch(passOver);
  }
}

/** What the database being away comes to is told by whoever asked it. */
export function passOver(error: unknown): void {
  if (!(error instanceof StoreError)) throw error;
}
