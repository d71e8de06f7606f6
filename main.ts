import { type Command, type CommandContext, EXIT } from "./lib/command/command.ts";
import { readCommandLine, usageError } from "./lib/command/command_line.ts";
import { COMMANDS, HELP } from "./lib/command/commands.ts";
import { nearest } from "./lib/config/nearest.ts";
import { secretsFileOf, settingsFileOf } from "./lib/config/load.ts";
import { LogWriter } from "./lib/log_writer.ts";
import { TextOutput } from "./lib/text_output.ts";
import { COMMIT, SOFTWARE } from "./lib/version.ts";
import { escapeLines } from "./lib/wire/unseen.ts";

const output = new TextOutput(Deno.stdout);
const errors = new TextOutput(Deno.stderr);
const logWriter = new LogWriter(Deno.stderr);

/** What erases on a terminal, and puts the cursor where it begins (ECMA-48). */
const ERASE = { line: "\r\x1b[2K", screen: "\x1b[H\x1b[J" } as const;

async function readSettings(): ReturnType<CommandContext["readSettings"]> {
  const env = Deno.env.toObject();
  const settingsFile = settingsFileOf(env);
  const given = settingsFile === undefined
    ? { env }
    : { env, file: await readNamed("settings", settingsFile) };
  const secretsFile = secretsFileOf(given);
  // Without one there are no secrets: the settings tell whether any is needed.
  const absent = await Deno.stat(secretsFile).then(() => false, isNotFound);
  return absent ? given : { ...given, secrets: await readNamed("secrets", secretsFile) };
}

function isNotFound(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound;
}

async function readNamed(what: string, path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    const { message } = error as Error;
    const fix = error instanceof Deno.errors.PermissionDenied
      ? "run this as root"
      : `set GLOSSOND_${what.toUpperCase()}_FILE to where it is`;
    // Not as wrong settings: its disk may come, and services are then tried again.
    throw new Error(`Cannot read the ${what} file ${path}: ${message}; ${fix}`);
  }
}

async function main(args: readonly string[]): Promise<number> {
  const [first] = args;
  if (first === "--help" || first === "-h") {
    output.write(HELP);
    return EXIT.ok;
  }
  if (first === "--version" || first === "-V") {
    output.write(`${SOFTWARE.replace("/", " ")}${COMMIT === "" ? "" : ` (${COMMIT})`}\n`);
    return EXIT.ok;
  }
  if (first === "help") {
    output.write(args[1] === undefined ? HELP : commandNamed(args[1]).help);
    return EXIT.ok;
  }
  const named = first !== undefined && !first.startsWith("-");
  const name = named ? first : "serve";
  const command = commandNamed(name);
  const { options, positionals } = readCommandLine(name, command, args.slice(named ? 1 : 0));
  if (options.help) {
    output.write(command.help);
    return EXIT.ok;
  }
  return await command.run({
    positionals,
    options,
    input: standardInput(),
    readSettings,
    print: (text, tones) => output.write(text, tones),
    printError: (text) => void errors.write(text),
    writeLog: (line) => logWriter.write(escapeLines(line)),
    caller: callerOf(Deno.uid(), Deno.env.get("SUDO_UID")),
    ...(Deno.stdin.isTerminal() && Deno.stdout.isTerminal() && { confirm }),
    erase: (what) => void output.writeRaw(ERASE[what]),
    onSignal: (signal, handler) => Deno.addSignalListener(signal, handler),
    ownProgram,
    ...serviceManagerOf(Deno.env.get("NOTIFY_SOCKET"), Deno.env.get("WATCHDOG_USEC")),
    // Inherited by what a desktop starts in a terminal, too.
    isJournal: Deno.env.has("JOURNAL_STREAM") && !Deno.stderr.isTerminal(),
    isTerminal: Deno.stdout.isTerminal(),
  });
}

function callerOf(uid: number | null, sudoUid: string | undefined): CommandContext["caller"] {
  if (uid === null) return {};
  return { uid, ...(/^\d{1,10}$/.test(sudoUid ?? "") && { sudoUid: Number(sudoUid) }) };
}

/**
 * By the name that the executable's permissions have; a runtime is given the options that this one has.
 *
 * @throws {Error} with the cause {@linkcode EXIT.usage} where the program may not start itself: leave to start
 * the runtime would be leave to do everything.
 */
function ownProgram(): [string, ...string[]] {
  const own = "/proc/self/exe";
  if (Deno.build.standalone) return [own];
  if (Deno.permissions.querySync({ name: "run", command: own }).state !== "granted") {
    throw new Error(
      "GLOSSOND_PROCESSES needs the executable, which deno task compile makes, since deno task serve may not start itself; leave it at 1",
      { cause: EXIT.usage },
    );
  }
  const given = Deno.readTextFileSync("/proc/self/cmdline").split("\0").slice(1, -1);
  return [own, ...given.slice(0, given.length - Deno.args.length)];
}

function standardInput(): CommandContext["input"] {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(4096);
  return {
    isTerminal: Deno.stdin.isTerminal(),
    setRaw: (raw) => Deno.stdin.setRaw(raw),
    async read() {
      const n = await Deno.stdin.read(buffer);
      return n === null ? undefined : decoder.decode(buffer.subarray(0, n), { stream: true });
    },
  };
}

/** What systemd says of itself, see sd_notify(3) and sd_watchdog_enabled(3). */
function serviceManagerOf(
  socket: string | undefined,
  watchdogUsec: string | undefined,
): Pick<CommandContext, "serviceManager"> {
  if (socket === undefined) return {};
  const usec = Number(watchdogUsec);
  return { serviceManager: { socket, ...(usec > 0 && { watchdogMs: usec / 1000 }) } };
}

function commandNamed(name: string): Command {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    const like = nearest(name, Object.keys(COMMANDS));
    throw usageError(`There is no command ${JSON.stringify(name)} (did you mean ${like}?)`);
  }
  return command;
}

async function performed(args: readonly string[]): Promise<number> {
  try {
    return await main(args);
  } catch (error) {
    await logWriter.flush();
    const { message, cause } = error as Error;
    errors.write(`glossond: ${message}\n`);
    return cause === EXIT.usage ? EXIT.usage : EXIT.failed;
  }
}

if (import.meta.main) {
  const code = await performed(Deno.args);
  await logWriter.flush();
  if (output.unwritten === undefined) Deno.exit(code);
  errors.write(`glossond: Cannot write the output: ${output.unwritten}\n`);
  Deno.exit(code === EXIT.ok ? EXIT.failed : code);
}
