/** A user's order as stored; times in milliseconds since the epoch. */
export type Order =
  | { status: "pending" }
  | { status: "ready" } & ReadyOrder
  | {
    status: "failed";
    /** JSON of an RFC 9457 problem. */
    problem: string;
  };

/** How an order ended well. */
export interface ReadyOrder {
  certificate: string;
  notAfter: number;
  renewAfter: number;
}

/** A request for a certificate. */
export interface OrderRequest {
  /** The order's, when it becomes one. */
  id: string;
  username: string;
  csr: string;
  createdAt: number;
  /** The labels before the user's host that it names besides, sorted. @default {[]} */
  below?: readonly string[];
  /** Where its owner asks for it: no order is made unless it is the token of the name's account. */
  token?: string;
}

/** What a request has to keep to. */
export interface RequestRules {
  /** Requests that a user may make in any `windowMs`; those of a clock that was set back by more since do not count. */
  limit: number;
  windowMs: number;
  /** Orders that a new one does not supersede: they are under way. */
  underWay: Iterable<string>;
  /** JSON of the problem that the superseded ones end with. */
  superseded: string;
}

/** What came of a request; only `queued` changes anything. */
export type Submitted =
  /** It is an order; the user's `superseded` ones ended, whose answers nobody would fetch. */
  | { state: "queued"; superseded: string[] }
  /** The very same request is pending, as that order. */
  | { state: "known"; id: string }
  /** When those were made that count, oldest first. */
  | { state: "limited"; accepted: number[] }
  | { state: "revoked" }
  /** The user has certificates ordered by an ACME account of their own alone. */
  | { state: "own-account" };

/** A pending order as the queue sees it. */
export interface QueuedOrder {
  id: string;
  username: string;
  csr: string;
  createdAt: number;
  /** Whether the user had a certificate for the same names already: renewals go before new names. */
  renewal: boolean;
  /** Whether the operator blocks the name. */
  blocked: boolean;
  /** Present where another relay of the same store has taken it. */
  elsewhere?: true;
  /** Milliseconds until it may be taken; present where a relay has left it until then. */
  restMs?: number;
}

/** What a new name's order has to find room in when it is taken. */
export interface OrderBudget {
  /** From when certificates count, milliseconds since the epoch. */
  since: number;
  /** Up to when: a clock that is right by now may have been years ahead. */
  until: number;
  /** How many may be signed since then, of all relays together. */
  limit: number;
}

/** What there is to order and what was, as of one moment. */
export interface Outlook {
  /** Every pending order in the order of service. */
  pending: QueuedOrder[];
  /**
   * The certificates that were signed for new names, or names never signed together before, since the time
   * asked for, oldest first, for all users together, those before a release included; renewals are left out.
   */
  newNames: { id: string; at: number; username: string }[];
}

/** How long an order is a relay's that takes it, milliseconds: then that one has died over it. */
export const TAKEN_MS = 60_000;

/**
 * Users' orders of certificates. Rejects as the `Store` does; `finish`, `fail` and `countSpent` wait
 * for a lock for up to 10 minutes, since what they note has cost more than that.
 */
export interface OrderStore {
  /** Makes an order of a request: two at once cannot both be the last one allowed. */
  submit(request: OrderRequest, rules: RequestRules): Promise<Submitted>;
  /** The user's order of that id. */
  get(username: string, id: string): Promise<Order | undefined>;
  /** What the queue goes by; `since` in milliseconds since the epoch. */
  outlook(since: number): Promise<Outlook>;
  /** The user's newest signed certificate. */
  newest(username: string): Promise<{ certificate: string; notAfter: number } | undefined>;
  /**
   * The labels before users' hosts that are in use, by user: those of their pending orders and latest certificate.
   *
   * @param username asks for this user's alone. @default all users'
   */
  below(username?: string): Promise<Map<string, Set<string>>>;
  /**
   * Takes a pending order for this relay, or keeps it taken, for {@linkcode TAKEN_MS} from now on: no other
   * relay of the same store takes it meanwhile.
   *
   * @param budget where it is taken; absent where it is kept.
   * @returns false when it has ended, when another relay has it, or when others have used the budget up.
   */
  take(id: string, budget?: OrderBudget): Promise<boolean>;
  /**
   * Leaves a pending order that was taken to whoever takes it next.
   *
   * @param restMs for how long nobody is to take it, milliseconds. A store of one relay does not keep it.
   * @default {0}
   */
  leave(id: string, restMs?: number): Promise<void>;
  /**
   * Ends a pending order with its certificate, or one that has the same already; false when it is no longer
   * pending, and nobody gets the certificate: then it only counts against the budget.
   */
  finish(order: { id: string; username: string }, ready: ReadyOrder, now: number): Promise<boolean>;
  /**
   * Ends a pending order that was taken with a problem; false when it is no longer pending, or another relay
   * has taken it since.
   */
  fail(id: string, problem: string, now: number): Promise<boolean>;
  /** Ends the user's pending orders; returns how many there were. */
  failPending(username: string, problem: string, now: number): Promise<number>;
  /**
   * Counts a certificate against the budget that was paid for and did not come, unless the order is
   * pending: that gets it yet.
   */
  countSpent(order: { id: string; username: string }, now: number): Promise<void>;
  /**
   * Removes orders that ended before `before`, but each user's last two certificates: the one in
   * use, and the one that shows it to be a renewal.
   */
  prune(before: number): Promise<void>;
}
