/** How often the event loop's delay is measured. */
const SAMPLE_MS = 500;

/**
 * Measures how late the event loop comes to what is due: anything that computes for long holds up
 * every visitor by that much.
 *
 * @param onSample told of each delay in seconds.
 * @returns ends the measuring.
 */
export function watchLoopDelay(onSample: (seconds: number) => void): () => void {
  let due = performance.now() + SAMPLE_MS;
  const timer = setInterval(() => {
    const now = performance.now();
    onSample(Math.max(0, now - due) / 1000);
    due = now + SAMPLE_MS;
  }, SAMPLE_MS);
  return () => clearInterval(timer);
}
