/** Sends a signal to a process, unless it has ended already. */
export function sendSignal(process: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    process.kill(signal);
  } catch {
    // Ended already.
  }
}

/** Ends a process by a signal, unless it has ended already, and resolves once it has. */
export async function endProcess(
  process: Deno.ChildProcess,
  signal: Deno.Signal = "SIGTERM",
): Promise<Deno.CommandStatus> {
  sendSignal(process, signal);
  return await process.status;
}
