import { RelayAwayError } from "../admin/asker.ts";
import type { StatusReport } from "../admin/status.ts";
import { sleep } from "../net/pause.ts";
import { type Command, type CommandContext, EXIT, stopSignal } from "./command.ts";
import { SOFTWARE } from "../version.ts";
import { connectRelay, reachRelay } from "./relay_access.ts";
import { STATUS_TONES, statusText } from "./status_text.ts";

/** How often `--watch` asks. */
const WATCH_MS = 2_000;

/** `glossond status`. */
export const status: Command = {
  summary: "show how the running relay is doing",
  help: `Usage: glossond status [--watch] [--json]

Shows uptime, certificate, users online, visitors, refusals by reason and limits
in use of the relay that runs on this state folder.
Exit: 0 it is well, 1 it is not, or none runs.

Options:
  --watch  again every two seconds, until Ctrl-C: 0, also while none runs for a
           time, or until nothing can be asked any more: 1
  --json   for machines; with --watch one object a line
  --dev    for the relay of glossond dev
`,
  options: { json: { type: "boolean" }, watch: { type: "boolean" }, dev: { type: "boolean" } },
  async run(context) {
    const { admin, stateDir } = await reachRelay(context);
    if (admin === undefined) {
      const dev = context.options.dev === true ? "" : " (--dev: to that of glossond dev)";
      context.printError(
        `glossond: ${noneOn(stateDir)}; start it, or set GLOSSOND_STATE_DIR to its folder${dev}\n`,
      );
      return EXIT.failed;
    }
    if (context.options.watch === true) return await watch(stateDir, context);
    const report = await admin.status();
    context.print(render(report, context), STATUS_TONES);
    return report.ready ? EXIT.ok : EXIT.failed;
  },
};

async function watch(stateDir: string, context: CommandContext): Promise<number> {
  const stopped = stopSignal(context);
  let isAway = false;
  for (; !stopped.aborted; await sleep(WATCH_MS, stopped)) {
    const report = await reportOrWhy(stateDir);
    if (typeof report === "string") {
      if (!isAway) context.printError(`glossond: ${report}; it is asked on and on\n`);
      isAway = true;
      continue;
    }
    isAway = false;
    if (context.isTerminal && context.options.json !== true) context.erase("screen");
    // Nobody reads it any more.
    if (!context.print(render(report, context), STATUS_TONES)) break;
  }
  return EXIT.ok;
}

/**
 * A report, or why there is none for now: a relay that is started again, or has its place taken, is there again soon,
 * if by another socket.
 */
async function reportOrWhy(stateDir: string): Promise<StatusReport | string> {
  try {
    const admin = await connectRelay(stateDir);
    return await admin?.status() ?? noneOn(stateDir);
  } catch (error) {
    if (error instanceof RelayAwayError) return error.message;
    throw error;
  }
}

/** @throws {Error} where the report is another version's, and has not what is shown. */
function textOf(report: StatusReport): string {
  try {
    return statusText(report);
  } catch (cause) {
    throw new Error(
      `The relay is ${report.software}, and reports in another form than ${SOFTWARE} shows: --json has it all`,
      { cause },
    );
  }
}

function noneOn(stateDir: string): string {
  return `no relay runs on ${stateDir}`;
}

function render(report: StatusReport, { options }: CommandContext): string {
  if (options.json !== true) return textOf(report);
  return `${JSON.stringify(report, null, options.watch === true ? undefined : 2)}\n`;
}
