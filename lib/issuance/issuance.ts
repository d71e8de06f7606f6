import { BUDGET_WINDOW_MS, DAY_MS, refuseDaily, turns } from "./budget.ts";
import { checkCsr } from "../pki/csr.ts";
import type { Issuance, IssuanceOptions, Submission } from "./options.ts";
import { endState, type OrderState, SUSPENDED } from "./order_state.ts";
import type { QueuedOrder } from "../store/orders.ts";
import { settleWithin } from "../net/pause.ts";
import { type ProblemCode, problemOf, refuse } from "../wire/problems.ts";
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

/** How long what an order came to waits for the database's lock: a certificate costs more than that. */
const PATIENTLY = { lockTimeoutMs: 600_000 } as const;

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
  const { store, authority, log, now = Date.now, random = Math.random } = options;
  const { perAccountPerDay = 5, perWeek = Infinity, concurrency = 4 } = options;
  const { isBlocked = () => false } = options;
  const table = store.orders;
  const running = new Map<string, Running>();
  const troubles = createTroubles(now, random);
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** How long orders took lately; what a waiting client is told is reckoned from it. */
  let usualMs = authority.kind === "local" ? 500 : 10_000;

  store.write(() => table.prune(now() - KEEP_MS)).catch(notStored);
  pump();

  function notStored(error: unknown): void {
    log.error("certificate orders not stored", { error });
  }

  async function submit(username: string, hostname: string, csrPem: string): Promise<Submission> {
    const check = await checkCsr(csrPem, hostname);
    if (!check.ok) return refuse("bad-csr", check.reason);
    const id = randomId();
    // In one transaction: two requests at once cannot both be the last one allowed.
    const submission = await store.write((): Submission => {
      const twin = table.pendingTwin(username, check.pem);
      if (twin !== undefined) return { ok: true, id: twin };
      const tooMany = refuseDaily(
        table.acceptedSince(username, now() - DAY_MS),
        perAccountPerDay,
        now(),
      );
      if (tooMany !== undefined) return tooMany;
      supersede(username);
      table.insert({ id, username, csr: check.pem, createdAt: now() });
      return { ok: true, id };
    });
    if (submission.ok && submission.id === id) {
      log.info("certificate requested", { username, order: id, key: check.keyType });
      pump();
    }
    return submission;
  }

  /** A new request makes the waiting older ones pointless: their answer would never be fetched. */
  function supersede(username: string): void {
    for (const order of table.queue()) {
      if (order.username !== username || running.has(order.id)) continue;
      fail(order, "superseded", "Ask for the newer order");
    }
  }

  /** Starts every order that may start now, and sleeps until the next one may. */
  function pump(): void {
    clearTimeout(timer);
    if (stopped) return;
    let wakeAt = Infinity;
    try {
      // Blocked while no relay ran, or while the request was read.
      for (const { username } of table.queue()) {
        if (isBlocked(username)) suspend(username).catch(notStored);
      }
      for (const { order, at } of plan()) {
        if (isBlocked(order.username)) continue;
        if (at > now()) wakeAt = Math.min(wakeAt, at);
        else if (running.size < concurrency) start(order);
      }
    } catch (error) {
      log.error("queue of certificate orders stumbled", { error });
      wakeAt = now() + MAX_SLEEP_MS;
    }
    if (wakeAt < Infinity) {
      timer = setTimeout(pump, Math.min(MAX_SLEEP_MS, Math.max(MIN_SLEEP_MS, wakeAt - now())));
    }
  }

  async function suspend(username: string): Promise<void> {
    const suspended = JSON.stringify(SUSPENDED);
    const count = await store.write(() => table.failPending(username, suspended, now()));
    if (count > 0) log.info("certificate orders ended, their name is blocked", { username, count });
    abort(username, "the name was blocked");
  }

  function abort(username: string, why: string): void {
    for (const order of running.values()) {
      if (order.username === username) order.abort.abort(new Error(why));
    }
  }

  /** The waiting orders in the order of service, each with the time that it has to wait for. */
  function plan(): { order: QueuedOrder; at: number }[] {
    const waiting = table.queue().filter((order) => !running.has(order.id));
    const times = turns(waiting, {
      signed: table.newNamesSince(now() - BUDGET_WINDOW_MS),
      running: running.values(),
      perWeek,
      now: now(),
    });
    return waiting.map((order, i) => ({
      order,
      at: Math.max(times[i]!, troubles.retryAt(order.id)),
    }));
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
      const ready = await orderUserCertificate({
        authority,
        csr: order.csr,
        replaces: table.newest(username)?.certificate,
        now,
        signal,
        onSpent: () => spent = true,
        onStep: (step, fields) => log.debug(step, { username, ...fields }),
      });
      const stored = await store.write(() => {
        if (table.markReady(id, ready, now())) return true;
        // Released or blocked meanwhile.
        table.countSpent(randomId(), username, now());
        return false;
      }, PATIENTLY);
      if (!stored) return;
      troubles.clear(id);
      usualMs = 0.7 * usualMs + 0.3 * (performance.now() - startedAt);
      log.info("certificate signed", { username, order: id, renewal: order.renewal });
    } catch (error) {
      try {
        if (!signal.aborted) return await noteFailure(order, error);
        // Not so when the relay stops: the order stays pending, and goes on after the next start.
        if (!spent || table.isPending(id)) return;
        await store.write(() => table.countSpent(randomId(), username, now()), PATIENTLY);
      } catch (databaseError) {
        log.error("order's failure not stored", { order: id, error: databaseError });
      }
    }
  }

  async function noteFailure(order: QueuedOrder, error: unknown): Promise<void> {
    const why = error instanceof Error ? error.message : String(error);
    const verdict = troubles.note(order.id, error);
    switch (verdict.end) {
      case "refused":
        return await store.write(() => fail(order, "certificate-refused", why), PATIENTLY);
      case "given-up":
        return await store.write(() => fail(order, "authority-unavailable", why), PATIENTLY);
    }
    log.warn("certificate order failed", {
      username: order.username,
      order: order.id,
      why,
      nextTryAt: new Date(verdict.retryAt).toISOString(),
    });
  }

  function fail({ id, username }: QueuedOrder, code: ProblemCode, detail: string): void {
    table.markFailed(id, JSON.stringify(problemOf(code, detail)), now());
    troubles.clear(id);
    log.warn("certificate order ended", { username, order: id, why: detail });
  }

  function get(username: string, id: string): OrderState | undefined {
    const row = table.get(username, id);
    if (row === undefined) return undefined;
    const end = endState(row);
    if (end !== undefined) return end;
    if (running.has(id)) return { status: "pending", retryAfterS: RUNNING_RETRY_S };
    const queue = plan();
    const index = queue.findIndex(({ order }) => order.id === id);
    const turns = Math.ceil((index + 1) / concurrency);
    const expectedAt = Math.max(now(), queue[index]?.at ?? 0) + turns * usualMs;
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
    latest(username): { notAfter: number } | undefined {
      const newest = table.newest(username);
      return newest && { notAfter: newest.notAfter };
    },
    suspend,
    forget(username): void {
      table.forget(username);
      abort(username, "the name was released");
    },
    counts: () => ({
      waiting: table.queue().filter((order) => !running.has(order.id)).length,
      running: running.size,
      newNamesThisWeek: table.newNamesSince(now() - BUDGET_WINDOW_MS).length,
    }),
    async stop(): Promise<void> {
      stopped = true;
      clearTimeout(timer);
      for (const { abort } of running.values()) abort.abort(new Error("glossond is stopping"));
      await settleWithin(STOP_TIMEOUT_MS, [...running.values()].map(({ done }) => done));
    },
  };
}

/** 128 random bits, base64url without padding. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_")
    .replace(/=+$/, "");
}
