import { join } from "node:path";
import { LoggedProcess } from "../../scripts/logged_process.ts";
import { type Ran, run, type RunOptions } from "../../scripts/run.ts";
import { BASE, type Relay, ROOT } from "../stories/relay.ts";

/** The package's folder. */
export const PACKAGE = join(ROOT, "examples/python");

/** Runs a command to its end; throws with what it said when it should have gone well and did not. */
export async function sh(
  command: string[],
  { fails = false, ...options }: RunOptions & { fails?: boolean } = {},
): Promise<Ran> {
  const [program = "", ...args] = command;
  const ran = await run(program, args, { cwd: ROOT, ...options });
  if (fails || ran.code === 0) return ran;
  throw new Error(`${command.join(" ")} ended ${ran.code}:\n${ran.text}`);
}

/** Makes a virtual environment with the package in it; returns its Python. */
export async function makeEnvironment(folder: string): Promise<string> {
  await sh(["python3", "-m", "venv", folder]);
  const python = join(folder, "bin/python");
  await install(python, "./examples/python");
  return python;
}

/** Has pip install something. */
export async function install(python: string, what: string): Promise<void> {
  await sh([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", what]);
}

/** What a client said and how it ended. */
type End = Pick<Ran, "code" | "text">;

/** A client that runs. */
export interface Running {
  pid: number;
  /** Resolves when so many lines, past or to come, have this text. @default {1} */
  logged(text: string, times?: number): Promise<void>;
  /** Resolves with exit code and what it said, when it ended. */
  ended: Promise<End>;
  /** Asks it to leave and waits until it has. */
  stop(): Promise<End>;
}

/** Starts a command that stays. */
export function start(command: string[], cwd = ROOT): Running {
  const process = new LoggedProcess(command, { cwd });
  const ended = process.ended.then(({ code }) => ({ code, text: process.lines.join("\n") }));
  return {
    pid: process.pid,
    ended,
    async logged(wanted, times = 1) {
      let seen = 0;
      await process.log.first((line) => line.includes(wanted) && ++seen === times, `"${wanted}"`);
    },
    async stop() {
      await process.stop();
      return await ended;
    },
  };
}

/** How a client is told where the relay is, and where its bios are. */
export function setupArguments(relay: Relay, name: string, state: string): string[] {
  return [
    ...["setup", name, "--relay", `https://localhost:${relay.ports.control}`],
    ...["--ca", join(relay.stateDir, "local-ca.pem")],
    ...["--bio-file", join(relay.biosDir, `${name}.txt`), "--state", state],
  ];
}

/** The command that runs the reference client. */
export const REFERENCE = [
  Deno.execPath(),
  ...["run", "-A", "--quiet", "--no-prompt", join(ROOT, "examples/client/main.ts")],
];

/** A visitor by curl, who trusts the relay's own authority; status and body. */
export async function curl(
  relay: Relay,
  name: string,
): Promise<{ status: number; body: string }> {
  const host = `${name}.${BASE}`;
  const { text } = await sh([
    ...["curl", "--silent", "--show-error", "--max-time", "20"],
    ...["--cacert", join(relay.stateDir, "local-ca.pem"), "--write-out", "\n%{http_code}"],
    ...["--connect-to", `${host}:443:127.0.0.1:${relay.ports.hub}`, `https://${host}/`],
  ]);
  const at = text.lastIndexOf("\n");
  return { status: Number(text.slice(at + 1)), body: text.slice(0, at) };
}
