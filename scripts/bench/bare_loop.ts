import { LoadProcess } from "./load_process.ts";
import { directTarget, type Target } from "./peers.ts";
import { processTree, usageOf } from "./usage.ts";

/** Name of the bare loop of so many processes in results. */
export function bareLoopName(processes: number): string {
  return processes === 1 ? "bare loop" : `bare loop, ${processes} processes`;
}

/**
 * What the runtime costs by itself: a relay of one read and one write in turn, of so many processes.
 *
 * @param stack where what is started is ended.
 * @param bufferBytes of each direction of each connection.
 */
export async function bareLoop(
  stack: AsyncDisposableStack,
  { originPort, processes = 1, bufferBytes }: {
    originPort: number;
    processes?: number;
    bufferBytes: number;
  },
): Promise<Target> {
  const loops = Array.from({ length: processes }, () => stack.use(new LoadProcess("loop.ts")));
  let at = 0;
  for (const loop of loops) {
    const options = { at, port: originPort, bufferBytes };
    ({ port: at } = await loop.call<{ port: number }>("relay", options));
  }
  return {
    ...directTarget(at),
    name: bareLoopName(processes),
    usage: () => usageOf(loops.flatMap(({ pid }) => processTree(pid))),
  };
}
