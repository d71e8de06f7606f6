import { join } from "node:path";
import { NAME } from "./api.ts";

/** How long `setup` may take, and how long a client may take to leave; milliseconds. */
const SETUP_MS = 120_000;
const LEAVE_MS = 15_000;

/** Longest part of what a client said that a report shows, characters. */
const MAX_SHOWN = 2_000;

/** A client that runs, or has run. */
export interface Running {
  /** Resolves with the exit code. */
  ended: Promise<number>;
  /** Whether it has ended. */
  readonly hasEnded: boolean;
  /** What it said so far, its end. */
  said(): string;
  /** Asks it to leave, and makes it leave when it does not. */
  stop(): Promise<void>;
}

/** The client under test: the command that a person would type, and its state folder. */
export class ClientCommand {
  readonly #command: string[];
  readonly #folder: string;

  constructor(command: string[], folder: string) {
    this.#command = command;
    this.#folder = folder;
  }

  /** The file that `setup` writes the code into. */
  get bioFile(): string {
    return join(this.#folder, "bio.txt");
  }

  /** Runs `COMMAND setup` to its end. */
  async setup(relay: string, ca: string): Promise<{ code: number; said: string }> {
    const caFile = join(this.#folder, "ca.pem");
    await Deno.writeTextFile(caFile, ca);
    const running = this.#start([
      ...["setup", NAME, "--relay", relay, "--ca", caFile, "--bio-file", this.bioFile],
    ]);
    const timer = setTimeout(() => running.stop(), SETUP_MS);
    const code = await running.ended.finally(() => clearTimeout(timer));
    return { code, said: running.said() };
  }

  /** Starts `COMMAND run`, with a web app behind it. */
  run(upstream: string): Running {
    return this.#start(["run", "--upstream", upstream]);
  }

  #start(args: string[]): Running {
    const [program = "", ...first] = this.#command;
    const process = new Deno.Command(program, {
      args: [...first, ...args, "--state", join(this.#folder, "state")],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    let said = "";
    const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> => {
      for await (const text of stream.pipeThrough(new TextDecoderStream())) {
        said = (said + text).slice(-MAX_SHOWN);
      }
    };
    const reading = Promise.all([read(process.stdout), read(process.stderr)]);
    let hasEnded = false;
    const ended = process.status.then(async ({ code }) => {
      await reading;
      hasEnded = true;
      return code;
    });
    return {
      ended,
      get hasEnded() {
        return hasEnded;
      },
      said: () => said,
      async stop() {
        const timer = setTimeout(() => kill(process, "SIGKILL"), LEAVE_MS);
        kill(process, "SIGTERM");
        await ended.finally(() => clearTimeout(timer));
      },
    };
  }
}

function kill(process: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    process.kill(signal);
  } catch {
    // Ended already.
  }
}
