/** Runs a function once after some milliseconds, and returns what calls it off. */
export type Schedule = (run: () => void, ms: number) => () => void;

/** The real clock's {@linkcode Schedule}. */
export function scheduleTimeout(run: () => void, ms: number): () => void {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}
