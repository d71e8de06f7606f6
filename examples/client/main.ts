/**
 * The reference client: one command a process. Imports of the relay's code what both sides need: `wire`,
 * `net`, `pki`, `log.ts` and `log_writer.ts`.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import project from "../../deno.json" with { type: "json" };
import { createLog } from "../../lib/log.ts";
import { LogWriter } from "../../lib/log_writer.ts";
import type { Tones } from "../../lib/paint.ts";
import { TextOutput } from "../../lib/text_output.ts";
import { escapeLines } from "../../lib/wire/unseen.ts";
import { logUncaught } from "../../lib/net/uncaught.ts";
import { changePreferences, release, rename } from "./account_commands.ts";
import { type Command, COMMANDS, parseCommand, type StatusOptions } from "./arguments.ts";
import { caaCommand } from "./caa/command.ts";
import { UsageError } from "./command_line.ts";
import { domainCommand } from "./domain/commands.ts";
import { install, installed, type InstallWorld, logs, uninstall } from "./install_commands.ts";
import { openLogFile } from "./log_file.ts";
import { type RunOptions } from "./run_arguments.ts";
import { EXIT, type ExitCode, exitCodeOf } from "./exit_codes.ts";
import { helpText } from "./help.ts";
import { run } from "./run.ts";
import { setup, type SetupWorld } from "./setup.ts";
import { State } from "./state.ts";
import { stateFolder } from "./state_folder.ts";
import { isWell, readStatus, STATUS_TONES, statusText } from "./status.ts";
import { verifyCode } from "./verify_code.ts";
import { verify } from "./verify.ts";
import { lookInLogs } from "./watch_ct.ts";
import { terminalLines } from "./terminal.ts";
import { sleep } from "../../lib/net/pause.ts";

const output = new TextOutput(Deno.stdout);
const errors = new TextOutput(Deno.stderr);

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<ExitCode> {
  try {
    const code = await perform(parseCommand(args));
    if (code !== EXIT.well || output.unwritten === undefined) return code;
    throw new Error(`Cannot write the output: ${output.unwritten}`);
  } catch (error) {
    complain((error as Error).message);
    if (error instanceof UsageError) {
      const topic = COMMANDS.find((name) => name === args[0]);
      complain(`see glosson ${topic === undefined ? "" : `${topic} `}--help`);
    }
    return exitCodeOf(error);
  }
}

async function perform(command: Command): Promise<ExitCode> {
  switch (command.name) {
    case "help":
      say(helpText(command.topic).trimEnd());
      return 0;
    case "version":
      say(`glosson ${project.version}`);
      return 0;
    case "run":
      return await runUntilSignal(command.options);
    case "status":
      return await showStatus(command.options);
    case "watch-ct":
      return await lookInLogs(command.options, worldOf(command.options));
    case "verify":
      return await verify(command.options, say);
    case "setup":
      await setup(command.options, worldOf(command.options));
      return EXIT.well;
    case "away":
      await changePreferences({ change: { away: command.options.text } }, worldOf(command.options));
      return EXIT.well;
    case "privacy":
      await changePreferences(command.options, worldOf(command.options));
      return EXIT.well;
    case "domain":
      await domainCommand(command.options, worldOf(command.options));
      return EXIT.well;
    case "caa":
      await caaCommand(command.options, worldOf(command.options));
      return EXIT.well;
    case "install":
      await install(command.options.runArgs, installWorld(command.options));
      return EXIT.well;
    case "uninstall":
      await uninstall(installWorld(command.options));
      return EXIT.well;
    case "logs":
      await logs(command.options.lines, worldOf(command.options));
      return EXIT.well;
    case "rename":
      await rename(command.options, worldOf(command.options));
      return EXIT.well;
    case "release":
      await release(command.options, {
        ...worldOf(command.options),
        askInstalled: () => installed(installWorld(command.options)),
      });
      return EXIT.well;
  }
}

/** What the commands need that talk with a person. */
function worldOf({ state }: { state?: string }): SetupWorld {
  return { state: openState(state), say, lines: terminalLines(), now: Date.now, sleep };
}

function installWorld({ state }: { state?: string }): InstallWorld {
  const script = ["run", "-A", "--no-prompt", fileURLToPath(Deno.mainModule)];
  const self = [Deno.execPath(), ...Deno.build.standalone ? [] : script];
  return { state: openState(state), say, env, self };
}

async function runUntilSignal(options: RunOptions): Promise<ExitCode> {
  const leaving = new AbortController();
  function leave(): void {
    if (leaving.signal.aborted) Deno.exit(EXIT.interrupted);
    leaving.abort();
  }
  // Windows knows no others.
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, leave);
  if (Deno.build.os !== "windows") {
    Deno.addSignalListener("SIGHUP", hasTerminal() ? leave : () => {});
  }
  const writer = new LogWriter(Deno.stderr);
  const write = options.logFile === undefined
    ? (line: string) => writer.write(escapeLines(line))
    : openLogFile(options.logFile);
  const log = createLog({ level: options.verbose ? "debug" : "info", write });
  // A bug in one visitor's connection is no reason to end those of all others.
  logUncaught(log);
  const tell = options.logFile === undefined ? complain : (text: string) => log.error(text);
  try {
    const word = await run(options, {
      state: openState(options.state),
      log,
      signal: leaving.signal,
      now: Date.now,
      elapsed: () => performance.now(),
      sleep,
      random: Math.random,
    }).finally(() => writer.flush());
    if (word !== undefined) tell(word.message);
    return word?.exitCode ?? EXIT.well;
  } catch (error) {
    tell((error as Error).message);
    return exitCodeOf(error);
  }
}

/**
 * Whether the program goes with a terminal, at whose end it is sent SIGHUP. Not so behind nohup(1), which leaves
 * it none; that it has the signal ignored, the runtime undoes.
 */
function hasTerminal(): boolean {
  // Elsewhere nohup leaves the input as it is.
  const atInput = Deno.build.os === "linux" && Deno.stdin.isTerminal();
  return atInput || Deno.stdout.isTerminal() || Deno.stderr.isTerminal();
}

async function showStatus({ json, qr, state: folder }: StatusOptions): Promise<ExitCode> {
  const state = openState(folder);
  const status = await readStatus(state, Date.now, () => installed({ state, env }));
  if (status === undefined) {
    if (json) say(JSON.stringify(null));
    complain(`nothing is set up in ${state.folder}; begin with glosson setup NAME --relay URL`);
    return 1;
  }
  say(json ? JSON.stringify(status, null, 2) : statusText(status), STATUS_TONES);
  if (qr) say(`\n${verifyCode(status)}`);
  return isWell(status) ? 0 : 1;
}

function openState(option: string | undefined): State {
  return new State(stateFolder(option, env));
}

function env(name: string): string | undefined {
  return Deno.env.get(name);
}

function say(text: string, tones: Tones = []): void {
  output.write(`${text}\n`, tones);
}

function complain(text: string): void {
  errors.write(`glosson: ${text}\n`);
}
