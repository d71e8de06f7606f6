import type { Authority } from "../certificate/authority.ts";
import type { Log } from "../log.ts";
import { settleWithin } from "../net/pause.ts";
import { type OrderStore, type QueuedOrder, TAKEN_MS } from "../store/orders.ts";
import { type ProblemCode, problemOf } from "../wire/problems.ts";
import type { Retries } from "./retries.ts";
import { BUDGET_WINDOW_MS } from "./budget.ts";
import { orderUserCertificate } from "./user_order.ts";

/** How long orders may take to clean up; a restart goes on with them either way. */
const STOP_TIMEOUT_MS = 10_000;

/** Options for {@linkcode OrderRuns}. */
export interface OrderRunsOptions {
  orders: OrderStore;
  authority: Authority;
  retries: Retries;
  log: Log;
  /** New names in any seven days. */
  perWeek: number;
  /** Clock in milliseconds since the epoch. */
  now: () => number;
  /** Told of an order that failed for good, once that is stored. */
  onFailed: (order: QueuedOrder, why: string) => void;
  /** Told when an order is not under way any more, and whether it was this relay's to place. */
  onDone: (order: QueuedOrder, taken: boolean) => void;
}

/** An order under way. */
interface Running {
  username: string;
  renewal: boolean;
  abort: AbortController;
  done: Promise<void>;
}

/** The orders under way: each is placed once, and what it came to is stored. */
export class OrderRuns {
  readonly #options: OrderRunsOptions;
  readonly #running = new Map<string, Running>();
  #usualMs: number;

  constructor(options: OrderRunsOptions) {
    this.#options = options;
    this.#usualMs = options.authority.kind === "local" ? 500 : 10_000;
  }

  /** Those that there are, by id. */
  get running(): ReadonlyMap<string, Pick<QueuedOrder, "username" | "renewal">> {
    return this.#running;
  }

  /** How long orders took lately, milliseconds. */
  get usualMs(): number {
    return this.#usualMs;
  }

  /** Places an order. */
  start(order: QueuedOrder): void {
    const abort = new AbortController();
    const done = this.#run(order, abort).then((taken) => {
      this.#running.delete(order.id);
      this.#options.onDone(order, taken);
    });
    const { username, renewal } = order;
    this.#running.set(order.id, { username, renewal, abort, done });
  }

  /** Ends an order, if it is under way. */
  abort(id: string, why: string): void {
    this.#running.get(id)?.abort.abort(new Error(why));
  }

  /** Ends a user's orders. */
  abortOf(username: string, why: string): void {
    for (const [id, order] of this.#running) if (order.username === username) this.abort(id, why);
  }

  /** Ends all, which stay pending and go on after the next start; waits for them and for `also`. */
  async stop(also: Promise<void>): Promise<void> {
    for (const id of this.#running.keys()) this.abort(id, "glossond is stopping");
    const done = [...this.#running.values()].map(({ done }) => done);
    await settleWithin(STOP_TIMEOUT_MS, [also, ...done]);
  }

  /** Takes an order and places it; it is this relay's while it is under way. Returns whether it was to be had. */
  async #run(order: QueuedOrder, abort: AbortController): Promise<boolean> {
    const { orders, log, perWeek, now } = this.#options;
    const { id } = order;
    const { signal } = abort;
    let taken = false;
    let spent = false;
    let keeping: ReturnType<typeof setInterval> | undefined;
    try {
      // It may have ended since it was planned, or be another relay's; from here on its end aborts it.
      const since = now() - BUDGET_WINDOW_MS, until = now() + BUDGET_WINDOW_MS;
      taken = await orders.take(id, { since, until, limit: perWeek });
      if (taken) {
        keeping = setInterval(() => this.#keep(id), TAKEN_MS / 3);
        await this.#place(order, signal, () => spent = true);
      }
    } catch (error) {
      try {
        if (!signal.aborted) await this.#noteFailure(order, error);
        // When the relay stops the order stays pending, and goes on after the next start.
        else if (spent) await orders.countSpent(order, now());
      } catch (storeError) {
        log.error("order's failure not stored", { order: id, error: storeError });
      }
    } finally {
      clearInterval(keeping);
      // Else it is left at the end of its time.
      if (taken && signal.aborted) await orders.leave(id).catch(() => {});
    }
    return taken;
  }

  /** Gets a certificate and stores it. */
  async #place(order: QueuedOrder, signal: AbortSignal, onSpent: () => void): Promise<void> {
    const { orders, authority, retries, log, now } = this.#options;
    const { id, username, csr, renewal } = order;
    const startedAt = performance.now();
    const newest = await orders.newest(username);
    signal.throwIfAborted();
    const ready = await orderUserCertificate({
      ...{ authority, csr, now, signal, onSpent },
      replaces: newest?.certificate,
      onStep: (step, fields) => log.debug(step, { username, ...fields }),
    });
    // Where the store gives up, or the relay ends, the next try has the same certificate.
    retries.signed(id);
    const isStored = await orders.finish(order, ready, now());
    retries.clear(id);
    await authority.forget?.(csr);
    // Not so when it was released or blocked meanwhile.
    if (!isStored) return;
    this.#usualMs = 0.7 * this.#usualMs + 0.3 * (performance.now() - startedAt);
    log.info("certificate signed", { username, order: id, renewal });
  }

  /** Keeps an order this relay's; while the store is away it cannot become another's either. */
  async #keep(id: string): Promise<void> {
    const kept = await this.#options.orders.take(id).catch(() => true);
    if (!kept) this.abort(id, "it has ended, or is another relay's by now");
  }

  async #noteFailure(order: QueuedOrder, error: unknown): Promise<void> {
    const { orders, retries, log, now } = this.#options;
    const why = error instanceof Error ? error.message : String(error);
    const verdict = retries.note(order.id, error);
    switch (verdict.end) {
      case "refused":
        return await this.#fail(order, "certificate-refused", why);
      case "given-up":
        return await this.#fail(order, "authority-unavailable", why);
    }
    log.warn("certificate order failed", {
      username: order.username,
      order: order.id,
      why,
      nextTryAt: new Date(verdict.retryAt).toISOString(),
    });
    // For other relays as well.
    await orders.leave(order.id, verdict.retryAt - now());
  }

  async #fail(order: QueuedOrder, code: ProblemCode, detail: string): Promise<void> {
    const { orders, now, onFailed } = this.#options;
    if (await orders.fail(order.id, JSON.stringify(problemOf(code, detail)), now())) {
      onFailed(order, detail);
    }
  }
}
