/**
 * A relay of several processes: whoever starts them, sees to it that all run, and has them stop. Imports the ground
 * floor.
 *
 * @module
 */
import { linesOf } from "../net/lines.ts";
import { type Schedule, scheduleTimeout } from "../net/schedule.ts";

/** How long a process may take to be ready, milliseconds: as long as systemd gives a service that says nothing else. */
export const START_MS = 90_000;

/** Silence after which a process that was ready is taken for stuck, milliseconds; it speaks every 10 s. */
export const SILENCE_MS = 30_000;

/** How a process ended. */
export type End = Pick<Deno.CommandStatus, "code" | "signal">;

/** Options for {@linkcode RelayProcess}. */
export interface RelayProcessOptions {
  /** Told when it is killed, since it was silent, or was not ready in time. */
  onStuck: () => void;
  /** Told when another process has its place. */
  onLeft: () => void;
  /** Clock in milliseconds that never goes back. @default {performance.now} */
  now?: () => number;
  /** @default {setTimeout} */
  schedule?: Schedule;
}

/**
 * One process of the relay, as the one sees it that started it. It says how it is on its standard output, in the
 * words of sd_notify(3), a line each, and stops at the end of its standard input: also when the process that holds
 * the other end is killed.
 */
export class RelayProcess {
  /** How it is, in one line, as it said last. */
  status = "starting";
  /** Whether another process has its place: it ends once its visitors have. */
  hasLeft = false;
  /** Resolves with whether it came to be ready. */
  readonly ready: Promise<boolean>;
  readonly ended: Promise<End>;
  readonly #child: Deno.ChildProcess;
  readonly #options: RelayProcessOptions;
  readonly #startedAt: number;
  readonly #listening: Promise<void>;
  readonly #onReady = Promise.withResolvers<boolean>();
  #isReady = false;
  #callOffKill = (): void => {};

  /**
   * Starts it.
   *
   * @param command program and arguments.
   * @throws {Error} when it cannot be started.
   */
  constructor([program, ...args]: readonly [string, ...string[]], options: RelayProcessOptions) {
    this.#options = options;
    this.#startedAt = this.#now();
    this.#child = new Deno.Command(program, {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#expectWord(START_MS);
    this.ready = this.#onReady.promise;
    this.#listening = this.#listen();
    this.ended = this.#watch();
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** How long it has run, or ran, milliseconds. */
  get ageMs(): number {
    return this.#now() - this.#startedAt;
  }

  /** Has it stop: it sends clients away, and gives visitors time to finish. */
  stop(): void {
    this.#child.stdin.close().catch(() => {});
  }

  /** Sends it a signal, unless it has ended. */
  signal(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch {
      // Ended by now.
    }
  }

  async #listen(): Promise<void> {
    for await (const line of linesOf(this.#child.stdout)) this.#hear(line);
  }

  async #watch(): Promise<End> {
    const status = await this.#child.status;
    // What it had said by then.
    await this.#listening;
    this.#isReady = false;
    this.#callOffKill();
    this.#onReady.resolve(false);
    await this.#child.stdin.close().catch(() => {});
    return status;
  }

  #hear(line: string): void {
    const [name, ...value] = line.split("=");
    if (name === "STATUS") this.status = value.join("=");
    if (name === "X_LEFT") {
      this.hasLeft = true;
      this.#options.onLeft();
    }
    if (name === "READY") {
      this.#isReady = true;
      this.#onReady.resolve(true);
    }
    if (this.#isReady) this.#expectWord(SILENCE_MS);
  }

  /** Kills it if it does not say so much as it has to within that time. */
  #expectWord(withinMs: number): void {
    const { onStuck, schedule = scheduleTimeout } = this.#options;
    this.#callOffKill();
    this.#callOffKill = schedule(() => {
      onStuck();
      this.signal("SIGKILL");
    }, withinMs);
  }

  #now(): number {
    const { now = () => performance.now() } = this.#options;
    return now();
  }
}
