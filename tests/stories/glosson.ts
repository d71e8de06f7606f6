import { LineLog } from "../../scripts/line_log.ts";
import { endProcess } from "../../scripts/process.ts";
import { endOf, type Ran } from "../../scripts/run.ts";
import { bareEnvironment } from "./environment.ts";
import { type Relay, ROOT } from "./relay.ts";

/** The reference client as a person has it: a program with a state folder, set up at a relay. */
export interface Glosson extends AsyncDisposable {
  readonly stateDir: string;
  /** Runs a command to its end. */
  command(...args: string[]): Promise<Ran>;
  /** Starts a command; its lines are what it tells a person. */
  start(...args: string[]): GlossonRun;
  /** Starts `glosson run`, which is its own visitor at no time that the story does not know of. */
  run(...args: string[]): GlossonRun;
}

/** A `glosson run`, or another command, under way. */
export interface GlossonRun {
  readonly process: Deno.ChildProcess;
  /** What it said so far. */
  readonly lines: string[];
  /** Resolves with the first line, past or to come, that matches. */
  said(pattern: RegExp): Promise<string>;
  /** Sends a signal and waits for the end. */
  stop(signal?: Deno.Signal): Promise<Deno.CommandStatus>;
}

/** Options for {@linkcode setUpGlosson}. */
export interface GlossonOptions {
  /** A program and its arguments that start the client, as `ip netns exec` does. */
  launcher?: string[];
  /** Address of the relay. @default its control port on this machine */
  url?: string;
}

/** Sets `username` up by the program itself; what was started ends when it is disposed of. */
export async function setUpGlosson(
  relay: Pick<Relay, "ca" | "biosDir" | "ports">,
  username: string,
  { launcher = [], url = `https://localhost:${relay.ports.control}` }: GlossonOptions = {},
): Promise<Glosson> {
  const dir = await Deno.makeTempDir({ prefix: "glosson-story-" });
  const runs: GlossonRun[] = [];

  function spawn(args: string[]): Deno.ChildProcess {
    const [program = "", ...before] = [...launcher, Deno.execPath()];
    const run = ["run", "-A", "--no-prompt", "--quiet", `${ROOT}examples/client/main.ts`];
    return new Deno.Command(program, {
      args: [...before, ...run, ...args],
      clearEnv: true,
      env: { ...bareEnvironment(dir), NO_COLOR: "1", GLOSSON_STATE: `${dir}/state` },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  function command(...args: string[]): Promise<Ran> {
    return endOf(spawn(args));
  }

  function start(...args: string[]): GlossonRun {
    const process = spawn(args);
    const log = new LineLog([process.stderr, process.stdout], String);
    async function stop(signal?: Deno.Signal): Promise<Deno.CommandStatus> {
      const status = await endProcess(process, signal);
      await log.ended;
      return status;
    }
    const one: GlossonRun = {
      process,
      lines: log.lines,
      said: (pattern) => log.first((line) => pattern.test(line) && line, `a line ${pattern}`),
      stop,
    };
    runs.push(one);
    return one;
  }

  function run(...args: string[]): GlossonRun {
    return start("run", "--no-watch", ...args);
  }

  async function dispose(): Promise<void> {
    for (const one of runs) await one.stop("SIGKILL");
    await Deno.remove(dir, { recursive: true });
  }

  try {
    await Deno.writeTextFile(`${dir}/ca.pem`, relay.ca);
    const { code, stderr } = await command(
      ...["setup", username, "--relay", url],
      ...["--ca", `${dir}/ca.pem`, "--bio-file", `${relay.biosDir}/${username}.txt`],
    );
    if (code !== 0) throw new Error(`Cannot set up: ${stderr}`);
  } catch (error) {
    await dispose();
    throw error;
  }
  return { stateDir: `${dir}/state`, command, start, run, [Symbol.asyncDispose]: dispose };
}
