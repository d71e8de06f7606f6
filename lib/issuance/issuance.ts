/**
 * Users' certificates: a queue of orders that survives a restart, its budget and its retries. Imports the
 * ground floor, `certificate`, `pki` and the interfaces of `store`.
 *
 * @module
 */
import { DAY_MS, refuseDaily } from "./budget.ts";
import { checkCsr } from "../pki/csr.ts";
import type { Issuance, IssuanceOptions, Submission } from "./options.ts";
import { type OrderState, SUPERSEDED, SUSPENDED } from "./order_state.ts";
import type { QueuedOrder } from "../store/orders.ts";
import { settleWithin } from "../net/pause.ts";
import { type ProblemCode, problemOf, refuse } from "../wire/problems.ts";
import { randomId } from "../wire/random_secret.ts";
import { createPlanner } from "./planner.ts";
import { createTroubles } from "./retries.ts";
import { orderUserCertificate } from "./user_order.ts";

/** Ended orders are kept this long: longer than the budget counts and a client asks. */
const KEEP_MS = 30 * DAY_MS;

/** Longest sleep of the queue, so that a clock that jumps is noticed. */
const MAX_SLEEP_MS = 60_000;

/** Shortest one, so that a clock at the very edge of a moment does not spin. */
const MIN_SLEEP_MS = 50;

/** How long orders may take to clean up; a restart goes on with them either way. */
const STOP_TIMEOUT_MS = 10_000;

/** What a client is told to wait while its order runs. */
const RUNNING_RETRY_S = 2;

export type { Issuance, IssuanceOptions, Submission } from "./options.ts";
export type { OrderState } from "./order_state.ts";

interface Running {
  username: string;
  renewal: boolean;
  abort: AbortController;
  done: Promise<void>;
}

/** Starts the queue of users' certificates, with the orders that a former run left pending. */
export function createIssuance(options: IssuanceOptions): Issuance {
  const { authority, log, now = Date.now, random = Math.random } = options;
  const { perAccountPerDay = 5, perWeek = Infinity, concurrency = 4 } = options;
  const { orders } = options.store;
  const running = new Map<string, Running>();
  const troubles = createTroubles(now, random);
  const planner = createPlanner({ orders, running, retryAt: troubles.retryAt, perWeek, now });
  let hasTurn = options.turn === undefined;
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** The pass over the queue that was asked for last. */
  let passing: Promise<void> = Promise.resolve();
  let passDue = false;
  /** How long orders took lately; what a waiting client is told is reckoned from it. */
  let usualMs = authority.kind === "local" ? 500 : 10_000;

  orders.prune(now() - KEEP_MS).catch(notStored);
  pump();
  options.turn?.then(() => {
    hasTurn = true;
    pump();
  });

  function notStored(error: unknown): void {
    log.error("certificate orders not stored", { error });
  }

  async function submit(
    username: string,
    hostname: string,
    csrPem: string,
    token?: string,
  ): Promise<Submission> {
    const check = await checkCsr(csrPem, hostname);
    if (!check.ok) return refuse("bad-csr", check.reason);
    const id = randomId();
    const request = { id, username, csr: check.pem, createdAt: now() };
    const submitted = await orders.submit({ ...request, ...(token !== undefined && { token }) }, {
      limit: perAccountPerDay,
      windowMs: DAY_MS,
      underWay: new Set(running.keys()),
      superseded: JSON.stringify(SUPERSEDED),
    });
    switch (submitted.state) {
      case "revoked":
        return refuse(
          "unauthorized",
          "The token was replaced, or its name released, meanwhile; claim the name again",
        );
      case "limited":
        return refuseDaily(submitted.accepted, perAccountPerDay, now());
      case "known":
        return { ok: true, id: submitted.id };
    }
    log.info("certificate requested", { username, order: id, key: check.keyType });
    for (const each of submitted.superseded) {
      ended({ id: each, username }, SUPERSEDED.detail);
      // Started since the store was asked.
      running.get(each)?.abort.abort(new Error("a newer request replaced the order"));
    }
    await pump();
    return { ok: true, id };
  }

  /**
   * Starts every order that may start now, and sleeps until the next one may; done when a pass is that
   * began after this was called. Never rejects.
   *
   * One pass comes after another: two at once would both start the same order, each with the last
   * place in the budget.
   */
  function pump(): Promise<void> {
    if (!passDue) {
      passDue = true;
      passing = passing.then(pass);
    }
    return passing;
  }

  async function pass(): Promise<void> {
    passDue = false;
    clearTimeout(timer);
    if (stopped || !hasTurn) return;
    let wakeAt = Infinity;
    try {
      const { planned, blocked } = await planner.plan();
      if (stopped) return;
      // Blocked while no relay ran, or while the request was read.
      for (const username of blocked) suspend(username).catch(notStored);
      for (const { order, at } of planned) {
        if (at > now()) wakeAt = Math.min(wakeAt, at);
        else if (running.size < concurrency) start(order);
      }
    } catch (error) {
      log.error("queue of certificate orders failed; it is looked at again", { error });
      wakeAt = now() + MAX_SLEEP_MS;
    }
    if (wakeAt < Infinity) {
      timer = setTimeout(pump, Math.min(MAX_SLEEP_MS, Math.max(MIN_SLEEP_MS, wakeAt - now())));
    }
  }

  async function suspend(username: string): Promise<void> {
    const count = await orders.failPending(username, JSON.stringify(SUSPENDED), now());
    if (count > 0) log.info("certificate orders ended, their name is blocked", { username, count });
    abort(username, "the name was blocked");
  }

  function abort(username: string, why: string): void {
    for (const order of running.values()) {
      if (order.username === username) order.abort.abort(new Error(why));
    }
  }

  function start(order: QueuedOrder): void {
    const abort = new AbortController();
    const done = run(order, abort.signal).finally(() => {
      running.delete(order.id);
      pump();
    });
    running.set(order.id, { username: order.username, renewal: order.renewal, abort, done });
  }

  async function run(order: QueuedOrder, signal: AbortSignal): Promise<void> {
    const { id, username } = order;
    const startedAt = performance.now();
    let spent = false;
    try {
      // It may have ended since it was planned; from here on its end aborts it.
      if (!await orders.isPending(id)) return;
      const newest = await orders.newest(username);
      signal.throwIfAborted();
      const ready = await orderUserCertificate({
        authority,
        csr: order.csr,
        replaces: newest?.certificate,
        now,
        signal,
        onSpent: () => spent = true,
        onStep: (step, fields) => log.debug(step, { username, ...fields }),
      });
      // Not so when it was released or blocked meanwhile.
      if (!await orders.finish(order, ready, now())) return;
      troubles.clear(id);
      usualMs = 0.7 * usualMs + 0.3 * (performance.now() - startedAt);
      log.info("certificate signed", { username, order: id, renewal: order.renewal });
    } catch (error) {
      try {
        if (!signal.aborted) await noteFailure(order, error);
        // When the relay stops the order stays pending, and goes on after the next start.
        else if (spent) await orders.countSpent(order, now());
      } catch (storeError) {
        log.error("order's failure not stored", { order: id, error: storeError });
      }
    }
  }

  async function noteFailure(order: QueuedOrder, error: unknown): Promise<void> {
    const why = error instanceof Error ? error.message : String(error);
    const verdict = troubles.note(order.id, error);
    switch (verdict.end) {
      case "refused":
        return await fail(order, "certificate-refused", why);
      case "given-up":
        return await fail(order, "authority-unavailable", why);
    }
    log.warn("certificate order failed", {
      username: order.username,
      order: order.id,
      why,
      nextTryAt: new Date(verdict.retryAt).toISOString(),
    });
  }

  async function fail(order: QueuedOrder, code: ProblemCode, detail: string): Promise<void> {
    await orders.fail(order.id, JSON.stringify(problemOf(code, detail)), now());
    ended(order, detail);
  }

  function ended({ id, username }: { id: string; username: string }, why: string): void {
    troubles.clear(id);
    log.warn("certificate order ended", { username, order: id, why });
  }

  async function get(username: string, id: string): Promise<OrderState | undefined> {
    const order = await orders.get(username, id);
    if (order === undefined || order.status === "ready") return order;
    if (order.status === "failed") return { status: "failed", problem: JSON.parse(order.problem) };
    const { planned } = await planner.plan();
    const index = planned.findIndex(({ order }) => order.id === id);
    // Under way, or ended since it was read.
    if (index < 0) return { status: "pending", retryAfterS: RUNNING_RETRY_S };
    const turns = Math.ceil((index + 1) / concurrency);
    const expectedAt = Math.max(now(), planned[index]!.at) + turns * usualMs;
    return {
      status: "pending",
      retryAfterS: Math.max(1, Math.ceil((expectedAt - now()) / 1000)),
      position: index + 1,
      expectedAt,
    };
  }

  return {
    submit,
    get,
    async latest(username): Promise<{ notAfter: number } | undefined> {
      const newest = await orders.newest(username);
      return newest && { notAfter: newest.notAfter };
    },
    suspend,
    forget: (username) => abort(username, "the name was released"),
    counts: planner.counts,
    async stop(): Promise<void> {
      stopped = true;
      clearTimeout(timer);
      for (const { abort } of running.values()) abort.abort(new Error("glossond is stopping"));
      const done = [...running.values()].map(({ done }) => done);
      await settleWithin(STOP_TIMEOUT_MS, [passing, ...done]);
    },
  };
}
