import { endProcess } from "../../scripts/process.ts";
import { RelayLog } from "./relay_log.ts";

/** A relay's process. */
export interface RelayProcess {
  readonly pid: number;
  readonly log: RelayLog;
  /** Port of each listener by its name. */
  readonly ports: Record<string, number>;
  /** Sends a signal and waits for the end of process and log. */
  stop(signal?: Deno.Signal): Promise<Deno.CommandStatus>;
}

/**
 * Starts a relay that logs in JSON, and waits until it is ready.
 *
 * @throws {Error} with its last lines when it does not come to that; it has ended then.
 */
export async function startRelayProcess(
  [program = "", ...args]: readonly string[],
  env: Record<string, string>,
): Promise<RelayProcess> {
  const process = new Deno.Command(program, {
    args,
    clearEnv: true,
    env,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const log = new RelayLog(process.stderr);

  async function stop(signal?: Deno.Signal): Promise<Deno.CommandStatus> {
    const status = await endProcess(process, signal);
    await log.ended;
    return status;
  }

  try {
    return { pid: process.pid, log, ports: await log.ports(), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
