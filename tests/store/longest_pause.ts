/** The longest time in which nothing else of this process went on, and how long it took in all; milliseconds. */
export async function longestPause(
  work: () => Promise<unknown>,
): Promise<{ pause: number; all: number }> {
  let [pause, last] = [0, performance.now()];
  const tick = setInterval(() => {
    const at = performance.now();
    pause = Math.max(pause, at - last);
    last = at;
  }, 1);
  const began = last;
  try {
    await work();
  } finally {
    clearInterval(tick);
  }
  const ended = performance.now();
  return { pause: Math.max(pause, ended - last), all: ended - began };
}
