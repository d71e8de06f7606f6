/**
 * Users' certificates: a queue of orders that survives a restart, its budget and its retries. Imports the
 * ground floor, `certificate`, `pki` and the interfaces of `store`.
 *
 * @module
 */
import type { TokenBuckets } from "../net/token_buckets.ts";
import { DAY_MS, looksFor, refuseDaily, refuseMany } from "./budget.ts";
import type { Issuance, IssuanceOptions, Submission } from "./options.ts";
import { type OrderState, OWN_ACCOUNT, SUPERSEDED, SUSPENDED } from "./order_state.ts";
import type { OrderStore } from "../store/orders.ts";
import { refuse } from "../wire/problems.ts";
import { randomId } from "../wire/random_secret.ts";
import { OrderRuns } from "./order_runs.ts";
import { createPlanner, type Planner } from "./planner.ts";
import { createRetries, type Retries } from "./retries.ts";

/** Ended orders are kept this long: longer than the budget counts and a client asks. */
const KEEP_MS = 30 * DAY_MS;

/** Longest sleep of the queue, so that a clock that jumps is noticed, and what another relay left. */
const MAX_SLEEP_MS = 60_000;

/** Shortest one, so that a clock at the very edge of a moment does not spin. */
const MIN_SLEEP_MS = 50;

/** What a client is told to wait while its order runs. */
const RUNNING_RETRY_S = 2;

export type { Issuance, IssuanceOptions, Submission } from "./options.ts";
export type { OrderState } from "./order_state.ts";

/** Starts the queue of users' certificates, with the orders that a former run left pending. */
export function createIssuance(options: IssuanceOptions): Issuance {
  return new IssuanceQueue(options);
}

class IssuanceQueue implements Issuance {
  readonly #options: IssuanceOptions;
  readonly #orders: OrderStore;
  readonly #now: () => number;
  readonly #retries: Retries;
  readonly #runs: OrderRuns;
  readonly #planner: Planner;
  readonly #looks: TokenBuckets;
  #hasTurn: boolean;
  #stopped = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The pass over the queue that was asked for last. */
  #passing: Promise<void> = Promise.resolve();
  #passDue = false;
  /** When ended orders are forgotten next. */
  #prunedAt = -Infinity;

  constructor(options: IssuanceOptions) {
    const { store: { orders }, authority, log, now = Date.now, random = Math.random } = options;
    this.#options = options;
    this.#orders = orders;
    this.#now = now;
    this.#looks = looksFor(options);
    this.#retries = createRetries(now, random);
    this.#runs = new OrderRuns({
      ...{ orders, authority, log, now },
      retries: this.#retries,
      perWeek: options.perWeek ?? Infinity,
      onFailed: (order, why) => this.#ended(order, why),
      onDone: ({ username }, taken) => {
        void this.#pump();
        if (taken) options.onDone?.(username);
      },
    });
    this.#planner = createPlanner({
      ...{ orders, now },
      running: this.#runs.running,
      retryAt: this.#retries.retryAt,
      perWeek: options.perWeek ?? Infinity,
    });
    this.#hasTurn = options.turn === undefined;
    this.#pump();
    options.turn?.then(() => {
      this.#hasTurn = true;
      this.#pump();
    });
  }

  async submit(
    username: string,
    hostname: string,
    csrPem: string,
    token?: string,
  ): Promise<Submission> {
    const { log, perAccountPerDay = 5, maxBelow } = this.#options;
    if (!this.#looks.take(username)) return refuseMany();
    // With its library, which would take a quarter of each start.
    const { checkCsr } = await import("../pki/csr.ts");
    const check = await checkCsr(csrPem, hostname, maxBelow?.(username));
    if (!check.ok) return refuse("bad-csr", check.reason);
    const id = randomId();
    const { pem: csr, below } = check;
    const request = { id, username, csr, below, createdAt: this.#now() };
    const submitted = await this.#orders.submit({
      ...request,
      ...(token !== undefined && { token }),
    }, {
      limit: perAccountPerDay,
      windowMs: DAY_MS,
      underWay: new Set(this.#runs.running.keys()),
      superseded: JSON.stringify(SUPERSEDED),
    });
    switch (submitted.state) {
      case "revoked":
        return refuse(
          "unauthorized",
          "The token was replaced, or its name released, meanwhile; claim the name again",
        );
      case "own-account":
        return refuse("own-account", OWN_ACCOUNT.detail);
      case "limited":
        return refuseDaily(submitted.accepted, perAccountPerDay, this.#now());
      case "known":
        return { ok: true, id: submitted.id };
    }
    log.info("certificate requested", {
      ...{ username, order: id, key: check.keyType },
      ...(below.length > 0 && { below: below.join(" ") }),
    });
    for (const each of submitted.superseded) {
      this.#ended({ id: each, username }, SUPERSEDED.detail);
      // Started since the store was asked.
      this.#runs.abort(each, "a newer request replaced the order");
    }
    await this.#pump();
    return { ok: true, id };
  }

  /**
   * Starts every order that may start now, and sleeps until the next one may; done when a pass is that
   * began after this was called. Never rejects.
   *
   * One pass comes after another: two at once would both start the same order, each with the last
   * place in the budget.
   */
  #pump(): Promise<void> {
    if (!this.#passDue) {
      this.#passDue = true;
      this.#passing = this.#passing.then(() => this.#pass());
    }
    return this.#passing;
  }

  async #pass(): Promise<void> {
    const { log, concurrency = 4 } = this.#options;
    this.#passDue = false;
    clearTimeout(this.#timer);
    if (this.#stopped || !this.#hasTurn) return;
    await this.#prune();
    // Another relay may leave something at any time.
    let wakeAt = this.#now() + MAX_SLEEP_MS;
    try {
      const { planned, blocked } = await this.#planner.plan();
      if (this.#stopped) return;
      // Blocked while no relay ran, or while the request was read.
      for (const username of blocked) {
        this.suspend(username).catch((error) => this.#notStored(error));
      }
      for (const { order, at } of planned) {
        if (at > this.#now()) wakeAt = Math.min(wakeAt, at);
        else if (this.#runs.running.size < concurrency) this.#runs.start(order);
      }
    } catch (error) {
      log.error("queue of certificate orders failed; it is looked at again", { error });
    }
    this.#timer = setTimeout(
      () => this.#pump(),
      Math.max(MIN_SLEEP_MS, wakeAt - this.#now()),
    );
  }

  /** Forgets orders that ended long ago, once a day. */
  async #prune(): Promise<void> {
    const now = this.#now();
    // Either way: a clock that was ahead puts nothing off.
    if (Math.abs(now - this.#prunedAt) < DAY_MS) return;
    this.#prunedAt = now;
    await this.#orders.prune(now - KEEP_MS).catch((error) => this.#notStored(error));
  }

  async suspend(username: string): Promise<void> {
    const { log } = this.#options;
    const why = "the name was blocked";
    const count = await this.#orders.failPending(username, JSON.stringify(SUSPENDED), this.#now());
    if (count > 0) log.info("certificate orders ended", { username, count, why });
    this.#runs.abortOf(username, why);
  }

  yield(username: string): void {
    this.#runs.abortOf(username, "its user orders by an account of their own");
  }

  async get(username: string, id: string): Promise<OrderState | undefined> {
    const { concurrency = 4 } = this.#options;
    const order = await this.#orders.get(username, id);
    if (order === undefined || order.status === "ready") return order;
    if (order.status === "failed") return { status: "failed", problem: JSON.parse(order.problem) };
    const { planned } = await this.#planner.plan();
    const index = planned.findIndex(({ order }) => order.id === id);
    // Under way, or ended since it was read.
    if (index < 0) return { status: "pending", retryAfterS: RUNNING_RETRY_S };
    const turns = Math.ceil((index + 1) / concurrency);
    const expectedAt = Math.max(this.#now(), planned[index]!.at) + turns * this.#runs.usualMs;
    return {
      status: "pending",
      retryAfterS: Math.max(1, Math.ceil((expectedAt - this.#now()) / 1000)),
      position: index + 1,
      expectedAt,
    };
  }

  async latest(username: string): Promise<{ notAfter: number } | undefined> {
    const newest = await this.#orders.newest(username);
    return newest && { notAfter: newest.notAfter };
  }

  forget(username: string): void {
    this.#runs.abortOf(username, "the name was released");
  }

  counts(): ReturnType<Issuance["counts"]> {
    return this.#planner.counts();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#runs.stop(this.#passing);
  }

  #ended({ id, username }: { id: string; username: string }, why: string): void {
    this.#retries.clear(id);
    this.#options.log.warn("certificate order ended", { username, order: id, why });
  }

  #notStored(error: unknown): void {
    this.#options.log.error("certificate orders not stored", { error });
  }
}
