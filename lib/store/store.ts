import type { AccountStore } from "./accounts.ts";
import type { ClaimChecks } from "./claim_checks.ts";
import type { NameStore } from "./names.ts";
import type { OrderTable } from "./orders.ts";

/** Options for {@linkcode Store.write}. */
export interface WriteOptions {
  /** How long to wait for another process's lock, milliseconds. @default {5_000} */
  lockTimeoutMs?: number;
}

/** What survives the process: what was answered to anybody is in it before. */
export interface Store {
  readonly accounts: AccountStore;
  /** The claims whose profile was read. */
  readonly claimChecks: ClaimChecks;
  readonly orders: OrderTable;
  /** Which sets in the DNS are this relay's. */
  readonly names: NameStore;
  /** The key of this relay's claims, made at the first call: claims outlive a restart. */
  claimKey(): Uint8Array;
  /**
   * Runs `work` as one: all of its changes are kept, or none when it throws. Waits while another process
   * holds the lock; nobody else waits meanwhile, and nothing of `work` was done.
   *
   * Changes that do not return a promise are made within it, and only there.
   *
   * @throws {Error} what `work` throws; or when the lock was held for too long, the disk is full or
   * cannot be written: nothing was changed then.
   */
  write<T>(work: () => T, options?: WriteOptions): Promise<T>;
  /** Nothing may be asked of it afterwards. */
  close(): void;
}
