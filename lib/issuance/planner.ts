import type { OrderStore, QueuedOrder } from "../store/orders.ts";
import { BUDGET_WINDOW_MS, turns } from "./budget.ts";

/** Options for {@linkcode createPlanner}. */
export interface PlannerOptions {
  orders: Pick<OrderStore, "outlook">;
  /** Orders under way, by id. */
  running: ReadonlyMap<string, Pick<QueuedOrder, "username" | "renewal">>;
  /** When an order that failed is tried again, milliseconds since the epoch; 0 for others. */
  retryAt: (id: string) => number;
  /** New names in any seven days. */
  perWeek: number;
  /** Clock in milliseconds since the epoch. */
  now: () => number;
}

/** What waits, and when each has its turn. */
export interface Plan {
  /** The waiting orders in the order of service, each with the time that it has to wait for. */
  planned: { order: QueuedOrder; at: number }[];
  /** Users whose orders have no turn, since the operator blocks them. */
  blocked: Set<string>;
}

/** Tells what there is to order. Rejects as the store. */
export interface Planner {
  plan(): Promise<Plan>;
  /** What waits and runs, and how many certificates for new names were signed in seven days. */
  counts(): Promise<{ waiting: number; running: number; newNamesThisWeek: number }>;
}

/** Plans by what the store has and what is under way. */
export function createPlanner(options: PlannerOptions): Planner {
  const { orders, running, retryAt, perWeek, now } = options;

  /** What is under way, what waits, and what was signed, as of one moment. */
  async function look() {
    // Before the store is asked: an order that ends meanwhile counts as under way, not as one that
    // waits, nor as none. Its end is a reason to plan anew.
    const underWay = new Map(running);
    const { pending, newNames } = await orders.outlook(now() - BUDGET_WINDOW_MS);
    const others = pending.filter(({ id }) => !underWay.has(id));
    return {
      underWay,
      waiting: others.filter(({ elsewhere }) => elsewhere === undefined),
      elsewhere: others.filter(({ elsewhere }) => elsewhere),
      newNames,
    };
  }

  return {
    async plan() {
      const { underWay, waiting, elsewhere, newNames } = await look();
      const allowed = waiting.filter(({ blocked }) => !blocked);
      // One whose end is stored but not known yet counts once.
      const signed = new Set(newNames.map(({ id }) => id));
      const times = turns(allowed, {
        signed: newNames,
        running: [
          ...[...underWay].filter(([id]) => !signed.has(id)).map(([, order]) => order),
          ...elsewhere,
        ],
        perWeek,
        now: now(),
      });
      const planned = allowed.map((order, i) => ({
        order,
        at: Math.max(
          times[i]!,
          retryAt(order.id),
          now() + (order.restMs ?? 0),
        ),
      }));
      const blocked = waiting.filter(({ blocked }) => blocked).map(({ username }) => username);
      return { planned, blocked: new Set(blocked) };
    },
    async counts() {
      const { underWay, waiting, newNames } = await look();
      return {
        waiting: waiting.length,
        running: underWay.size,
        newNamesThisWeek: newNames.length,
      };
    },
  };
}
