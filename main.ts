import { parseArgs } from "node:util";
import { loadConfig, secretsFileOf } from "./lib/config/load.ts";
import { configReport } from "./lib/config/report.ts";
import type { Settings } from "./lib/config/settings.ts";
import { startDaemon } from "./lib/daemon.ts";
import { createLog } from "./lib/log.ts";
import { SOFTWARE } from "./lib/version.ts";

/** Exit codes: all went well, something failed, the command line or the settings are wrong. */
const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

const HELP = `glossond: the relay of Glosson

Usage: glossond [COMMAND]

Commands:
  serve     run the relay (also without a command)
  dev       run it for a trial on this machine: glosson.localhost, local certificates
  config    show every setting, its value and where it came from

Options:
  -h, --help     this text, or that of a command
  -V, --version  the version

Settings are environment variables GLOSSOND_…; glossond config lists them.
`;

const COMMAND_HELP: Record<string, string> = {
  serve: `Usage: glossond serve

Runs the relay until SIGTERM or SIGINT. Log lines go to standard error; the one
that says "ready" names every listener. Exit: 0 stopped, 1 failed, 2 wrong settings.
`,
  dev: `Usage: glossond dev

Runs the relay on this machine alone: base domain glosson.localhost, certificates
of an embedded authority (root: state/dev/local-ca.pem), bios from the folder bios
beside get_bio.example.py. Settings from the environment still count.
`,
  config: `Usage: glossond config [--dev] [--json]

Shows every setting, its value and where it came from; secrets are masked.
Exit: 0 all well, 2 something is wrong (each problem is listed).

Options:
  --dev   with the defaults of glossond dev
  --json  for machines
`,
};

const OPTIONS = {
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "V" },
  dev: { type: "boolean" },
  json: { type: "boolean" },
} as const;

const encoder = new TextEncoder();

function print(text: string): void {
  Deno.stdout.writeSync(encoder.encode(text));
}

function printError(text: string): void {
  Deno.stderr.writeSync(encoder.encode(text));
}

function usageError(problem: string): number {
  printError(`glossond: ${problem}\nRun glossond --help for what it can do.\n`);
  return EXIT.usage;
}

async function main(args: string[]): Promise<number> {
  let parsed;
  try {
    parsed = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    return usageError((error as Error).message);
  }
  const { values: options, positionals: [command = "serve", ...rest] } = parsed;
  if (options.version) {
    print(`${SOFTWARE.replace("/", " ")}\n`);
    return EXIT.ok;
  }
  const help = COMMAND_HELP[command];
  if (help === undefined) return usageError(`There is no command ${JSON.stringify(command)}`);
  if (options.help) {
    print(args.includes(command) ? help : HELP);
    return EXIT.ok;
  }
  if (rest.length > 0) return usageError(`${command} takes no argument ${JSON.stringify(rest[0])}`);
  if (command !== "config" && (options.dev || options.json)) {
    return usageError(`--dev and --json belong to glossond config`);
  }

  const config = loadConfig({ ...await readSettings(), dev: options.dev || command === "dev" });
  if (command === "config") {
    print(configReport(config, { json: options.json ?? false }));
    return config.problems.length > 0 ? EXIT.usage : EXIT.ok;
  }
  if (config.settings === undefined) {
    printError(
      config.problems.map((problem) => `glossond: ${problem}\n`).join("") +
        "glossond config shows every setting.\n",
    );
    return EXIT.usage;
  }
  return await serve(config.settings);
}

/** What the settings are read from. */
async function readSettings(): Promise<{ env: Record<string, string>; secrets?: string }> {
  const env = Deno.env.toObject();
  try {
    return { env, secrets: await Deno.readTextFile(secretsFileOf(env)) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { env };
    throw new Error(
      `Cannot read the secrets file ${secretsFileOf(env)}: ${(error as Error).message}`,
    );
  }
}

async function serve(settings: Settings): Promise<number> {
  const log = createLog({
    level: settings.logLevel,
    format: settings.log,
    write: (line) => printError(`${line}\n`),
  });
  const stopped = Promise.withResolvers<void>();
  let signals = 0;
  const onSignal = (): void => {
    // The second one means now.
    if (++signals > 1) Deno.exit(EXIT.failed);
    stopped.resolve();
  };
  Deno.addSignalListener("SIGINT", onSignal);
  Deno.addSignalListener("SIGTERM", onSignal);

  const daemon = await startDaemon(settings, log);
  log.info("ready", { baseDomain: settings.baseDomain, ...daemon.addresses });
  await stopped.promise;
  log.info("stopping");
  await daemon.stop();
  log.info("stopped");
  return EXIT.ok;
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    printError(`glossond: ${(error as Error).message}\n`);
    Deno.exit(EXIT.failed);
  }
}
