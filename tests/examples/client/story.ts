import { createLog } from "../../../lib/log.ts";
import { parseCommand } from "../../../examples/client/arguments.ts";
import type { FinalWord } from "../../../examples/client/exit_codes.ts";
import { type RunOptions } from "../../../examples/client/run_arguments.ts";
import { run, type RunWorld } from "../../../examples/client/run.ts";
import { State } from "../../../examples/client/state.ts";
import { sleep } from "../../../lib/net/pause.ts";
import { BASE, FakeRelay } from "./fake_relay.ts";

/** What `glosson run` is told when it is told nothing. */
const DEFAULTS = (parseCommand(["run"]) as { options: RunOptions }).options;

/** A client under way in this process. */
export interface Running {
  state: State;
  /** Why it ended by itself; undefined after `leave`. */
  ended: Promise<FinalWord | undefined>;
  /** Lines that it logged. */
  lines: string[];
  leave(): void;
}

/** What a story may have otherwise than it is. */
export type StoryWorld = Partial<
  Pick<RunWorld, "now" | "elapsed" | "sleep" | "log" | "random" | "addresses">
>;

/** What a story works with. */
export interface Story {
  relay: FakeRelay;
  state: State;
  /** Runs the client; ended with the story. */
  start(options?: Partial<RunOptions>, world?: StoryWorld): Running;
}

/** A folder that goes with the test. */
export async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "glosson_test_" });
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Tells a story with a relay, and an account that is set up at it for `kaylee`. */
export async function story(tell: (story: Story) => Promise<void>): Promise<void> {
  const relay = await FakeRelay.start();
  const running: Running[] = [];
  try {
    await withFolder(async (folder) => {
      const state = new State(folder);
      relay.token = crypto.randomUUID();
      await state.saveCa(relay.authority.pem);
      await state.saveAccount({
        username: "kaylee",
        hostname: `kaylee.${BASE}`,
        relay: relay.url.href,
        token: relay.token,
        keyType: "ecdsa",
      });
      function start(
        options: Partial<RunOptions> = {},
        world: StoryWorld = {},
      ): Running {
        const leaving = new AbortController();
        const lines: string[] = [];
        const write = (line: string): void => {
          lines.push(line);
          relay.changes.tell();
        };
        const ended = run(
          { ...DEFAULTS, watch: false, pool: 0, maxVisitors: 16, ...options },
          {
            state,
            log: createLog({ level: "debug", write }),
            signal: leaving.signal,
            now: Date.now,
            elapsed: () => performance.now(),
            sleep,
            // Full jitter at its shortest: comes back at once.
            random: () => 0,
            ...world,
          },
        );
        const one = { state, ended, lines, leave: () => leaving.abort() };
        running.push(one);
        return one;
      }
      try {
        await tell({ relay, state, start });
      } finally {
        for (const { leave, ended } of running) {
          leave();
          await ended.catch(() => {});
        }
      }
    });
  } finally {
    await relay.stop();
  }
}
