import type { Store } from "../store/store.ts";
import type { Log } from "../log.ts";
import type { Authority } from "../certificate/authority.ts";
import type { Refusal } from "../wire/problems.ts";
import type { OrderState } from "./order_state.ts";

/** Options for {@linkcode createIssuance}. */
export interface IssuanceOptions {
  /** Stays the caller's, who calls `stop()` before closing it. */
  store: Pick<Store, "orders">;
  authority: Authority;
  log: Log;
  /** Clock in milliseconds since the epoch. @default {Date.now} */
  now?: () => number;
  /** As `Math.random`, for jitter. @default {Math.random} */
  random?: () => number;
  /** Requests that an account may make in 24 hours. @default {5} */
  perAccountPerDay?: number;
  /** Names below their host that a user's request may have. @default {() => 0} */
  maxBelow?: (username: string) => number;
  /** Told of a user whose order was placed here and is not under way any more, whatever came of it. */
  onDone?: (username: string) => void;
  /**
   * Certificates for new names in any seven days, all users together. Renewals neither wait for it
   * nor count: authorities exempt them, and to hold one back would take its user offline.
   * @default {Infinity}
   */
  perWeek?: number;
  /** Orders begin when it resolves; until then they are queued. @default {at once} */
  turn?: Promise<void>;
  /** Orders under way at once. @default {4} */
  concurrency?: number;
}

/** Answer to a request for a certificate. */
export type Submission =
  | { ok: true; id: string }
  /** `unauthorized`: the token is not, or no longer, the user's. */
  | Refusal<"bad-csr" | "own-account" | "rate-limited" | "unauthorized">;

/** Gets users their certificates; every accepted request survives a restart. Rejects as the store. */
export interface Issuance {
  /**
   * Checks and queues a request; the same request twice while it is pending has the same id. When it
   * resolves, what could be started is.
   *
   * @param token where the user asks: it has to be that of their account when the request is queued.
   */
  submit(username: string, hostname: string, csrPem: string, token?: string): Promise<Submission>;
  /** The user's order of that id; undefined when there is none. */
  get(username: string, id: string): Promise<OrderState | undefined>;
  /** The user's newest certificate. */
  latest(username: string): Promise<{ notAfter: number } | undefined>;
  /** For a name that was just blocked: ends what is pending, before it costs a certificate. */
  suspend(username: string): Promise<void>;
  /** For a user who has their certificates ordered by an account of their own from now on: ends the one under way. */
  yield(username: string): void;
  /** For a name that was just released, and its orders with it: ends the one that is under way. */
  forget(username: string): void;
  /** What waits and runs, and what the budget leaves; for metrics. */
  counts(): Promise<{ waiting: number; running: number; newNamesThisWeek: number }>;
  /** Ends the orders under way (they go on after the next start) and the queue. */
  stop(): Promise<void>;
}
