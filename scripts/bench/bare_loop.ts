import { LoadProcess } from "./load_process.ts";
import { directTarget, type Target } from "./peers.ts";
import { processTree, usageOf } from "./usage.ts";

/** Name of the bare loop of so many processes in results. */
export function bareLoopName(processes: number): string {
  return processes === 1 ? "bare loop" : `bare loop, ${processes} processes`;
}

/** Connections that wait at the bare meeting. */
const MEETING_POOL = 64;

/**
 * What a visitor's meeting costs on this runtime by itself: two connections are accepted, a ticket is read and not looked
 * at, and the two are joined by bare loops. No hello is read, and nobody is asked for the next connection.
 *
 * @param stack where what is started is ended.
 * @param bufferBytes of each direction of each connection.
 */
export async function bareMeeting(
  stack: AsyncDisposableStack,
  { bufferBytes }: { bufferBytes: number },
): Promise<Target> {
  const relay = stack.use(new LoadProcess("loop.ts"));
  const client = stack.use(new LoadProcess("flights.ts"));
  const { port, dataPort } = await relay.call<{ port: number; dataPort: number }>("meet", {
    bufferBytes,
  });
  await client.call("park", { dataPort, count: MEETING_POOL });
  return {
    ...directTarget(port),
    name: "bare meeting",
    usage: () => usageOf(processTree(relay.pid)),
  };
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
