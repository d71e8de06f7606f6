import type { Log } from "../log.ts";
import { OrderHeldUpError } from "./authority.ts";
import { backoffMs, endOfPause, heldUpMs, type Pause } from "./renewal_schedule.ts";
import type { RelayStatus, RelayStore } from "./store.ts";

/** Failures in a row after which a crash does not reset the pauses. */
const CRASH_FAILURES = 3;

const NO_PAUSE: Pause = { since: 0, until: 0 };

/** Options for {@linkcode OrderRecord}. */
export interface OrderRecordOptions {
  store: Pick<RelayStore, "readStatus" | "writeStatus">;
  log: Log;
  /** Clock in milliseconds since the epoch. */
  now: () => number;
  /** As `Math.random`, for jitter. */
  random: () => number;
}

/** Another process orders the relay's certificate. */
export class OrderBusyError extends Error {
  override readonly name = "OrderBusyError";
}

/** How the orders of the relay's certificate went: kept in a file, since pauses outlive a crash. */
export class OrderRecord {
  readonly #options: OrderRecordOptions;
  #status: RelayStatus;
  #pause: Pause;
  /** Since when orders have been held up, milliseconds since the epoch; undefined where the last one was not. */
  #heldUpSince: number | undefined;

  private constructor(options: OrderRecordOptions, before: RelayStatus) {
    this.#options = options;
    ({ status: this.#status, pause: this.#pause } = afterRestart(before));
  }

  /** Reads what an earlier process left. */
  static async open(options: OrderRecordOptions): Promise<OrderRecord> {
    return new OrderRecord(options, await options.store.readStatus());
  }

  /** How the last orders went; see {@linkcode RelayStatus}. */
  get status(): Readonly<RelayStatus> {
    return this.#status;
  }

  /** No order before that; milliseconds since the epoch. */
  get retryAt(): number {
    return endOfPause(this.#pause, this.#options.now());
  }

  /** Puts the next order off, milliseconds. */
  postpone(ms: number): void {
    const since = this.#options.now();
    this.#pause = { since, until: since + ms };
  }

  /** Notes that another process has stored a certificate: what went wrong here is over. */
  async overtaken(): Promise<void> {
    const { lastAttemptAt, plan } = await this.#options.store.readStatus();
    this.#pause = NO_PAUSE;
    this.#status = { failures: 0, lastAttemptAt, plan };
  }

  /** Notes an order that went well. */
  succeeded(startedAt: number): void {
    this.#pause = NO_PAUSE;
    this.#status = { failures: 0, lastAttemptAt: new Date(startedAt).toISOString() };
  }

  /**
   * Notes an order that failed, says so, and saves when to try again.
   *
   * @param left how long what is served is still good, milliseconds.
   * @param serving what is served meanwhile, for the log.
   */
  async failed(error: unknown, startedAt: number, left: number, serving: string): Promise<void> {
    const { log, now, random } = this.#options;
    const { until } = error as { until?: unknown };
    const since = now();
    const named = typeof until === "number" ? until : 0;
    const isHeldUp = error instanceof OrderHeldUpError;
    this.#heldUpSince = isHeldUp ? this.#heldUpSince ?? since : undefined;
    // However often it is held up, that is one failure.
    const failures = isHeldUp ? Math.max(1, this.#status.failures) : this.#status.failures + 1;
    const wait = this.#heldUpSince === undefined
      ? backoffMs(failures, left, random)
      : heldUpMs(since - this.#heldUpSince, random);
    this.#pause = { since, until: Math.max(since + wait, named) };
    this.#status = {
      ...this.#status,
      failures,
      lastError: error instanceof Error ? error.message : String(error),
      lastAttemptAt: new Date(startedAt).toISOString(),
      nextAttemptAt: new Date(this.#pause.until).toISOString(),
    };
    const { lastError: why, nextAttemptAt: nextTryAt } = this.#status;
    log.error("certificate order failed", { why, failures, nextTryAt, serving });
    await this.#save(this.#status);
  }

  /** Saves when renewal is due, for `cert check`: jitter and the authority's window are in it. */
  async planned(plan: RelayStatus["plan"]): Promise<void> {
    this.#status = { ...this.#status, plan };
    await this.#save(this.#status);
  }

  /** Saves that an orderly stop is no crash: the next process need not wait. */
  async stopped(): Promise<void> {
    await this.#save({ ...this.#status, nextAttemptAt: undefined });
  }

  /** The file only informs: a full disk must not turn one failure into two. */
  async #save(status: RelayStatus): Promise<void> {
    const { store, log } = this.#options;
    await store.writeStatus(status).catch((error) => log.warn("status not saved", { error }));
  }
}

/**
 * What an earlier process's failures mean for this one: nothing if it was stopped, since whoever
 * starts it again may have mended the cause. A process that crashed and comes back by itself keeps
 * to the pauses from the third failure on, or it would hammer the authority.
 */
function afterRestart(before: RelayStatus): { status: RelayStatus; pause: Pause } {
  const { failures, nextAttemptAt, ...rest } = before;
  if (nextAttemptAt === undefined || failures < CRASH_FAILURES) {
    return { status: { ...rest, failures: 0 }, pause: NO_PAUSE };
  }
  const at = (time = ""): number => Date.parse(time) || 0;
  return { status: before, pause: { since: at(rest.lastAttemptAt), until: at(nextAttemptAt) } };
}
