/** A user's order as stored; times in milliseconds since the epoch. */
export interface OrderRow {
  id: string;
  username: string;
  csr: string;
  status: "pending" | "ready" | "failed";
  certificate: string | null;
  /** JSON of an RFC 9457 problem. */
  problem: string | null;
  not_after: number | null;
  renew_after: number | null;
  created_at: number;
  ended_at: number | null;
}

/** A pending order as the queue sees it. */
export interface QueuedOrder {
  id: string;
  username: string;
  csr: string;
  createdAt: number;
  /** Whether the user has a certificate already: renewals go before new names. */
  renewal: boolean;
}

/** How an order ended well. */
export interface ReadyOrder {
  certificate: string;
  notAfter: number;
  renewAfter: number;
}

/** Users' orders of certificates. */
export interface OrderTable {
  insert(order: { id: string; username: string; csr: string; createdAt: number }): void;
  get(username: string, id: string): OrderRow | undefined;
  /** The user's pending order of this very request. */
  pendingTwin(username: string, csr: string): string | undefined;
  /** When the user's accepted requests since `since` came, oldest first. */
  acceptedSince(username: string, since: number): number[];
  /**
   * When certificates for new names were signed since `since`, oldest first, for all users
   * together. Renewals are left out.
   */
  newNamesSince(since: number): number[];
  /** Every pending order in the order of service. */
  queue(): QueuedOrder[];
  /** The user's newest signed certificate. */
  newest(username: string): { certificate: string; notAfter: number } | undefined;
  /** Both return false when the order is no longer pending. */
  markReady(id: string, ready: ReadyOrder, now: number): boolean;
  markFailed(id: string, problem: string, now: number): boolean;
  /** Ends the user's pending orders; returns how many there were. */
  failPending(username: string, problem: string, now: number): number;
  /** Whether the order still waits for its end. */
  isPending(id: string): boolean;
  /** Counts a certificate against the budget that nobody gets: its order had ended before. */
  countSpent(id: string, username: string, now: number): void;
  /** Drops pending orders and hides the others from the name's next owner. */
  forget(username: string): void;
  /**
   * Removes orders that ended before `before`, but each user's last two certificates: the one in
   * use, and the one that shows it to be a renewal.
   */
  prune(before: number): void;
}
