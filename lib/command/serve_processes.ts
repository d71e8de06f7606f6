import type { Settings } from "../config/settings.ts";
import type { Log } from "../log.ts";
import { Processes } from "../processes/processes.ts";
import { SILENCE_MS } from "../processes/relay_process.ts";
import { SOFTWARE } from "../version.ts";
import { type CommandContext, EXIT } from "./command.ts";
import { usageError } from "./command_line.ts";
import { type Listener, managerOf, ServiceManager } from "./service_manager.ts";

/** Runs the relay as `GLOSSOND_PROCESSES` processes, until a signal or until another relay has their places. */
export async function runProcesses(
  context: CommandContext,
  settings: Settings,
  log: Log,
): Promise<number> {
  const { onSignal } = context;
  if (Deno.build.os !== "linux") {
    throw new Error(
      "GLOSSOND_PROCESSES needs Linux, whose processes can share a port; leave it at 1",
      { cause: EXIT.usage },
    );
  }
  const program = context.ownProgram();
  const processes = new Processes({
    count: settings.processes,
    command: (process, takeover) => [
      ...program,
      ...["serve", "--process", `${process}`],
      ...takeover ? ["--takeover"] : [],
    ],
    log,
  });
  onSignal("SIGHUP", () => processes.reload());
  const stopping = Promise.withResolvers<void>();
  let asked = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    onSignal(signal, () => {
      // As for one process: the second one means now, and so does one that comes when there is a successor.
      if (asked || processes.hasLeft) {
        processes.end();
        Deno.exit(processes.hasLeft ? EXIT.ok : EXIT.failed);
      }
      asked = true;
      stopping.resolve();
    });
  }
  log.info("starting", { software: SOFTWARE, processes: settings.processes });
  const starting = processes.start(context.options.takeover === true);
  const failed = await Promise.race([starting, stopping.promise]);
  if (failed !== undefined) return failed;
  const manager = asked ? undefined : managerOf(context, settings);
  const service = manager && new ServiceManager(manager);
  if (!asked) {
    await service?.ready(() => processes.summary());
    log.info("ready", { baseDomain: settings.baseDomain, processes: settings.processes });
  }
  await Promise.race([stopping.promise, processes.handedOver]);
  if (asked) {
    log.info("stopping");
    await service?.stopping();
    await processes.stop();
  }
  service?.close();
  log.info("stopped");
  return EXIT.ok;
}

/**
 * Which of the relay's processes this is; undefined where it is not started as one of them.
 *
 * @throws {Error} with the cause {@linkcode EXIT.usage} where there is no such process.
 */
export function processOf(
  option: CommandContext["options"][string],
  { processes }: Pick<Settings, "processes">,
): number | undefined {
  if (option === undefined) return undefined;
  const process = Number(option);
  if (Number.isInteger(process) && process >= 1 && process <= processes) return process;
  throw usageError(`--process is ${option}, and GLOSSOND_PROCESSES is ${processes}`, "serve");
}

/** The process that started this one: it reads what this one prints. */
export function starterOf({ print }: Pick<CommandContext, "print">): Listener {
  return {
    watchdogMs: SILENCE_MS,
    send(text) {
      // Where it is gone, this one stops by that.
      print(text);
      return Promise.resolve();
    },
  };
}

/** Resolves at the end of standard input: whoever started this process has it stop, or is gone. */
export async function inputEnd({ input }: Pick<CommandContext, "input">): Promise<void> {
  while (await input.read() !== undefined);
}
