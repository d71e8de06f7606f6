import { sleep } from "../lib/net/pause.ts";
import { LoggedProcess, type LoggedProcessOptions } from "./logged_process.ts";

/** Pause between two looks whether a server is up. */
const LOOK_EVERY_MS = 20;

/** A program that serves, until it is disposed of. */
export interface Server extends AsyncDisposable {
  readonly pid: number;
  /** Whether it has ended. */
  readonly hasEnded: boolean;
  /** Ends it by a signal, SIGTERM unless told another, and waits until it has ended. */
  end(signal?: Deno.Signal): Promise<void>;
}

/** Options for {@linkcode startServer}. */
export interface ServerOptions extends Pick<LoggedProcessOptions, "cwd" | "env" | "signal"> {
  /** Whether it serves by now; asked until it does. */
  isUp: (pid: number) => boolean | Promise<boolean>;
  /** How long that may take, milliseconds. */
  withinMs: number;
}

/**
 * Starts a program and waits until it serves.
 *
 * @param name what it is called in the error.
 * @param argv the program and its arguments.
 * @throws {Error} with what it said last, when it ends before, or takes too long; it has ended then.
 */
export async function startServer(
  name: string,
  argv: readonly string[],
  { isUp, withinMs, ...command }: ServerOptions,
): Promise<Server> {
  const process = new LoggedProcess(argv, command);
  let hasEnded = false;
  process.status.then(() => hasEnded = true);
  const server: Server = {
    pid: process.pid,
    get hasEnded() {
      return hasEnded;
    },
    async end(signal) {
      await process.stop(signal);
    },
    [Symbol.asyncDispose]: () => server.end(),
  };
  const late = performance.now() + withinMs;
  while (!await isUp(server.pid)) {
    if (hasEnded || performance.now() > late) {
      await server.end();
      throw new Error(`Cannot start ${name}: it does not serve; it said:\n${process.log.last}`);
    }
    await sleep(LOOK_EVERY_MS);
  }
  return server;
}
