/**
 * What survives the process: one interface a kind of record. Imports `file` and `wire`.
 *
 * @module
 */
import type { AccountStore } from "./accounts.ts";
import type { ActStore } from "./acts.ts";
import type { CaaStore } from "./caa.ts";
import type { ClaimStore } from "./claims.ts";
import type { DomainStore } from "./domains.ts";
import type { FigureStore } from "./figures.ts";
import type { LimitStore } from "./limits.ts";
import type { NameStore } from "./names.ts";
import type { OnlineTimes } from "./online_times.ts";
import type { OrderStore } from "./orders.ts";
import type { ProfileStore } from "./profiles.ts";
import type { RestStore } from "./rests.ts";

/**
 * What survives the process, one interface a kind of record.
 *
 * Each method does what it does as one: all of it, or nothing when it rejects. What changes something
 * resolves once that is on disk. The order in which two calls are done is known only to who awaits the
 * first before the second: whoever acts on an answer has to be sure that it still holds, see each
 * method for what it checks in the same step.
 *
 * Every method rejects with a `StoreError`
 * - when the store cannot be read, or is closed;
 * - of those that change something, when its disk is full or cannot be written, or another program holds
 *   its lock for longer than 5 s ({@linkcode OrderStore} says where it is longer).
 *
 * While such a lock is held only those that change something wait; nothing else does.
 */
export interface Store {
  readonly accounts: AccountStore;
  /** What was done to names and to the relay, and by whom. */
  readonly acts: ActStore;
  /** Who alone may order certificates for users' names. */
  readonly caa: CaaStore;
  readonly claims: ClaimStore;
  /** Domains of users' own. */
  readonly domains: DomainStore;
  /** What visitors did at users'. */
  readonly figures: FigureStore;
  /** Limits that single users have. */
  readonly limits: LimitStore;
  readonly orders: OrderStore;
  /** What was seen of users' profiles when they were looked for again. */
  readonly profiles: ProfileStore;
  /** Which released names rest. */
  readonly rests: RestStore;
  readonly onlineTimes: OnlineTimes;
  /** Which sets in the DNS are this relay's. */
  readonly names: NameStore;
  /** Nothing may be asked of it afterwards; what still waits for a lock rejects. */
  close(): Promise<void>;
}
