import { loadConfig } from "../config/load.ts";
import { startDaemon } from "../daemon.ts";
import { createLog } from "../log.ts";
import { type Command, type CommandContext, EXIT } from "./command.ts";

/** `glossond serve`. */
export const serve: Command = {
  summary: "run the relay (also without a command)",
  help: `Usage: glossond serve

Runs the relay until SIGTERM or SIGINT; a second one ends it at once. Log lines go
to standard error; the one that says "ready" names every listener.
Exit: 0 stopped, 1 failed, 2 wrong settings.
`,
  run: (context) => runRelay(context, false),
};

/** `glossond dev`. */
export const dev: Command = {
  summary: "run it for a trial on this machine: glosson.localhost, local certificates",
  help: `Usage: glossond dev

Runs the relay on this machine alone: base domain glosson.localhost, certificates
of an embedded authority (root: state/dev/local-ca.pem), bios from the folder bios
beside get_bio.example.py. Settings from the environment still count.
`,
  run: (context) => runRelay(context, true),
};

async function runRelay(context: CommandContext, dev: boolean): Promise<number> {
  const { printError, onSignal } = context;
  const { settings, problems } = loadConfig({ ...await context.readSettings(), dev });
  if (settings === undefined) {
    printError(problems.map((problem) => `glossond: ${problem}\n`).join(""));
    printError("glossond config shows every setting.\n");
    return EXIT.usage;
  }
  const log = createLog({
    level: settings.logLevel,
    format: settings.log,
    write: (line) => printError(`${line}\n`),
  });

  const stopping = Promise.withResolvers<void>();
  let asked = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    onSignal(signal, () => {
      // The second one means now.
      if (asked) Deno.exit(EXIT.failed);
      asked = true;
      stopping.resolve();
    });
  }
  const daemon = await startDaemon(settings, log);
  log.info("ready", { baseDomain: settings.baseDomain, ...daemon.addresses });
  await stopping.promise;
  log.info("stopping");
  await daemon.stop();
  log.info("stopped");
  return EXIT.ok;
}
