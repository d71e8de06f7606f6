import { parseCommand } from "../../examples/client/arguments.ts";
import { run, type RunWorld } from "../../examples/client/run.ts";
import type { RunOptions } from "../../examples/client/run_arguments.ts";
import { State } from "../../examples/client/state.ts";
import { createLog } from "../../lib/log.ts";
import { Changes } from "../examples/client/changes.ts";
import { HeldSleeps } from "../examples/client/held_sleeps.ts";

/** A `run` in this process whose clock the test has in its hands. */
export interface WatchedRun extends AsyncDisposable {
  state: State;
  sleeps: HeldSleeps;
  /** What it logged so far. */
  readonly lines: string[];
  /** Resolves with the first line of the log, past or to come, that matches. */
  said(pattern: RegExp): Promise<string>;
}

/** Starts one for what is set up in `stateDir`; it leaves when it is disposed of. */
export function watchedRun(
  stateDir: string,
  args: string[] = [],
  world: Partial<Pick<RunWorld, "now" | "random">> = {},
): WatchedRun {
  const { options } = parseCommand(["run", ...args]) as { options: RunOptions };
  const state = new State(stateDir);
  const sleeps = new HeldSleeps();
  const lines: string[] = [];
  const changes = new Changes();
  const leaving = new AbortController();
  const write = (line: string): void => {
    lines.push(line);
    changes.tell();
  };
  const ended = run(options, {
    state,
    log: createLog({ level: "debug", write }),
    signal: leaving.signal,
    now: Date.now,
    elapsed: () => performance.now(),
    sleep: sleeps.sleep,
    // Nothing else in the client waits for as long as it does by this.
    random: () => 0.1,
    ...world,
  });
  return {
    state,
    sleeps,
    lines,
    async said(pattern) {
      await changes.until(() => lines.some((line) => pattern.test(line)));
      return lines.find((line) => pattern.test(line))!;
    },
    async [Symbol.asyncDispose]() {
      leaving.abort();
      await ended;
    },
  };
}
