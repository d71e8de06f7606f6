import { LoggedProcess } from "../../scripts/logged_process.ts";
import { type Ran, run } from "../../scripts/run.ts";
import { bareEnvironment } from "./environment.ts";
import { type Relay, ROOT } from "./relay.ts";

/** A client as a person has it: a program with a state folder, set up at a relay. */
export interface Glosson extends AsyncDisposable {
  readonly stateDir: string;
  /** Runs a command to its end. */
  command(...args: string[]): Promise<Ran>;
  /** Starts a command; its lines are what it tells a person. */
  start(...args: string[]): LoggedProcess;
  /** Starts `glosson run`, which is its own visitor at no time that the story does not know of. */
  run(...args: string[]): LoggedProcess;
}

/** A client as a program. */
export interface ClientProgram {
  command: string[];
  env?: Record<string, string>;
  /** What has its `run` be no visitor of its own. */
  unwatched: string[];
}

/** The reference client. */
export const REFERENCE_CLIENT: ClientProgram = {
  command: [
    Deno.execPath(),
    ...["run", "-A", "--no-prompt", "--quiet", `${ROOT}examples/client/main.ts`],
  ],
  unwatched: ["--no-watch"],
};

/** The client in Python, with Debian's packages. */
export const PYTHON_CLIENT: ClientProgram = {
  command: ["/usr/bin/python3", "-m", "glosson"],
  env: { PYTHONPATH: `${ROOT}examples/python`, PYTHONDONTWRITEBYTECODE: "1" },
  unwatched: [],
};

/** Both clients by name; they take the same arguments and files. */
export const CLIENTS = { reference: REFERENCE_CLIENT, Python: PYTHON_CLIENT };

/** Options for {@linkcode setUpGlosson}. */
export interface GlossonOptions {
  /** @default {REFERENCE_CLIENT} */
  client?: ClientProgram;
  /** A program and its arguments that start the client, as `ip netns exec` does. */
  launcher?: string[];
  /** Address of the relay. @default its control port on this machine */
  url?: string;
}

/** Sets `username` up by the program itself; what was started ends when it is disposed of. */
export async function setUpGlosson(
  relay: Pick<Relay, "ca" | "biosDir" | "ports">,
  username: string,
  {
    client = REFERENCE_CLIENT,
    launcher = [],
    url = `https://localhost:${relay.ports.control}`,
  }: GlossonOptions = {},
): Promise<Glosson> {
  const dir = await Deno.makeTempDir({ prefix: "glosson-story-" });
  const runs: LoggedProcess[] = [];

  const argv = [...launcher, ...client.command];
  const environment = {
    clearEnv: true,
    env: { ...bareEnvironment(dir), ...client.env, NO_COLOR: "1", GLOSSON_STATE: `${dir}/state` },
  };

  function command(...args: string[]): Promise<Ran> {
    return run(argv[0]!, [...argv.slice(1), ...args], environment);
  }

  function start(...args: string[]): LoggedProcess {
    const one = new LoggedProcess([...argv, ...args], environment);
    runs.push(one);
    return one;
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
  return {
    stateDir: `${dir}/state`,
    command,
    start,
    run: (...args) => start("run", ...client.unwatched, ...args),
    [Symbol.asyncDispose]: dispose,
  };
}
