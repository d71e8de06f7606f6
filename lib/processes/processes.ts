import type { Log } from "../log.ts";
import { type Sleep, sleep } from "../net/pause.ts";
import { RelayProcess } from "./relay_process.ts";

/** Pause before a process that ended is started anew, milliseconds: doubled as long as it ends early. */
const PAUSES_MS = { first: 1_000, longest: 30_000 } as const;

/** Exit code for a process that the system could not start. */
const FAILED = 1;

/** A process that has run this long did not end early. */
const STEADY_MS = 60_000;

/**
 * How long after one process was taken the place of the others may go on, milliseconds: whoever has that place
 * takes theirs too, or does without them.
 */
const OTHERS_MS = 60_000;

/** Options for {@linkcode Processes}. */
export interface ProcessesOptions {
  count: number;
  /** The command that is one of them. @param process from 1 on. */
  command: (process: number, takeover: boolean) => readonly [string, ...string[]];
  log: Log;
  /** @default {sleep} */
  sleep?: Sleep;
}

/** The processes of a relay. Each is started anew when it ends, after a while; the others go on meanwhile. */
export class Processes {
  readonly #options: ProcessesOptions;
  readonly #running = new Map<number, RelayProcess>();
  readonly #keeping: Promise<void>[] = [];
  readonly #stopping = new AbortController();
  readonly #handedOver = Promise.withResolvers<void>();
  #hasLeft = false;
  /** The last start: one comes after another, so that each finds the ports of those before it. */
  #starting: Promise<unknown> = Promise.resolve();

  constructor(options: ProcessesOptions) {
    this.#options = options;
  }

  /** Resolves when they have left their places to others, and ended with their visitors. */
  get handedOver(): Promise<void> {
    return this.#handedOver.promise;
  }

  /** Whether another relay has the place of one of them at least. */
  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  /**
   * Starts all; when it resolves they are ready. Where they take the places of others, there is no way back once
   * the first one has: the others are tried until they run.
   *
   * @returns the exit code of the one that could not start, all others being stopped by then; undefined when all run.
   */
  async start(takeover: boolean): Promise<number | undefined> {
    for (let number = 1; number <= this.#options.count; number++) {
      const process = await this.#start(number, takeover);
      if (!await process?.ready && (number === 1 || !takeover)) {
        const end = await process?.ended;
        await this.stop();
        return end?.code ?? FAILED;
      }
      this.#keeping.push(this.#keep(number, process, takeover));
    }
    Promise.all(this.#keeping).then(() => this.#handedOver.resolve());
    return undefined;
  }

  /** How all are, in one line. */
  summary(): string {
    return Array.from(
      this.#running,
      ([number, { isReady, status }]) => `process ${number}: ${isReady ? status : "down"}`,
    ).join("; ");
  }

  /** Has the settings read again: by one of them, which tells the others. */
  reload(): void {
    [...this.#running.values()].find(({ isReady, hasLeft }) => isReady && !hasLeft)
      ?.signal("SIGHUP");
  }

  /** Ends all at once. */
  end(): void {
    for (const process of this.#running.values()) process.signal("SIGKILL");
  }

  /** Has all stop, and waits for their ends. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const process of this.#running.values()) process.stop();
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }

  /** Starts a process, and resolves when it is ready or has ended; undefined where the system cannot start it. */
  #start(number: number, takeover: boolean): Promise<RelayProcess | undefined> {
    const started = this.#starting.then(async () => {
      const process = this.#spawn(number, takeover);
      if (this.#stopping.signal.aborted) process?.stop();
      await process?.ready;
      return process;
    });
    this.#starting = started;
    return started;
  }

  #spawn(number: number, takeover: boolean): RelayProcess | undefined {
    const { command, log } = this.#options;
    try {
      const process = new RelayProcess(command(number, takeover), {
        onStuck: () => log.error("a process says nothing: killed", { process: number }),
        onLeft: () => this.#leave(),
      });
      this.#running.set(number, process);
      return process;
    } catch (error) {
      // Too many processes, or too little memory: that passes.
      log.error("a process cannot be started", { process: number, error });
      return undefined;
    }
  }

  /** Starts a process anew whenever it ends, until it is told to or has left its place. */
  async #keep(number: number, first: RelayProcess | undefined, takeover: boolean): Promise<void> {
    const { log, sleep: wait = sleep } = this.#options;
    const { signal } = this.#stopping;
    let process = first;
    let pauseMs: number = PAUSES_MS.first;
    while (true) {
      const end = await process?.ended;
      if (signal.aborted || this.#hasLeft) return;
      if (process !== undefined && process.ageMs >= STEADY_MS) pauseMs = PAUSES_MS.first;
      if (end !== undefined) {
        log.error("a process ended, and is started anew", {
          process: number,
          ...end.signal === null ? { code: end.code } : { signal: end.signal },
          pauseMs,
        });
      }
      await wait(pauseMs, signal);
      if (signal.aborted || this.#hasLeft) return;
      pauseMs = Math.min(2 * pauseMs, PAUSES_MS.longest);
      process = await this.#start(number, takeover);
    }
  }

  /** One of them was taken the place of. */
  #leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    sleep(OTHERS_MS, this.#stopping.signal).then(() => {
      for (const process of this.#running.values()) if (!process.hasLeft) process.stop();
    });
  }
}
