import type { Store } from "../store/store.ts";
import type { Log } from "../log.ts";
import type { Authority } from "../certificate/authority.ts";
import type { Refusal } from "../wire/problems.ts";
import type { OrderState } from "./order_state.ts";

/** Options for {@linkcode createIssuance}. */
export interface IssuanceOptions {
  /** Stays the caller's, who calls `stop()` before closing it. */
  store: Pick<Store, "orders" | "write">;
  authority: Authority;
  log: Log;
  /** Clock in milliseconds since the epoch. @default {Date.now} */
  now?: () => number;
  /** As `Math.random`, for jitter. @default {Math.random} */
  random?: () => number;
  /** Requests that an account may make in 24 hours. @default {5} */
  perAccountPerDay?: number;
  /**
   * Certificates for new names in any seven days, all users together. Renewals neither wait for it
   * nor count: authorities exempt them, and to hold one back would take its user offline.
   * @default {Infinity}
   */
  perWeek?: number;
  /** Whether the operator blocks a name: nothing is ordered for it. @default {nobody} */
  isBlocked?: (username: string) => boolean;
  /** Orders under way at once. @default {4} */
  concurrency?: number;
}

/** Answer to a request for a certificate. */
export type Submission = { ok: true; id: string } | Refusal<"bad-csr" | "rate-limited">;

/** Gets users their certificates; every accepted request survives a restart. */
export interface Issuance {
  /** Checks and queues a request; the same request twice while it is pending has the same id. */
  submit(username: string, hostname: string, csrPem: string): Promise<Submission>;
  /** The user's order of that id; undefined when there is none. */
  get(username: string, id: string): OrderState | undefined;
  /** The user's newest certificate. */
  latest(username: string): { notAfter: number } | undefined;
  /** For a name that was just blocked: ends what is pending, before it costs a certificate. */
  suspend(username: string): Promise<void>;
  /**
   * For a released name: drops what is pending and hides the rest from the next owner. To be called
   * within {@linkcode Store.write}.
   */
  forget(username: string): void;
  /** What waits and runs, and what the budget leaves; for metrics. */
  counts(): { waiting: number; running: number; newNamesThisWeek: number };
  /** Ends the orders under way (they go on after the next start) and the queue. */
  stop(): Promise<void>;
}
