import { type Schedule, timeout } from "../net/schedule.ts";
import { GRACE_MS } from "./coming_back.ts";

/**
 * How many may be on their way at once: at first, at least and at most. It is how long a visitor may have to wait for
 * one of them, since who is still here is met here.
 */
const ON_THEIR_WAY = { first: 4, least: 1, most: 200 } as const;

/** One that takes longer is on its way with too many others. A third: some take twice as long where the machine is busy. */
const SLOW_MS = GRACE_MS / 3;

/** How fast clients are sent over. */
export interface Pace {
  /** All have been sent by then, milliseconds, however slowly they come. */
  withinMs: number;
  /** Clock in milliseconds that never goes back. @default {performance.now} */
  now?: () => number;
  /** @default {setTimeout} */
  schedule?: Schedule;
}

/**
 * Sends each of some over, few at once at first, and the more the sooner they come; where that is too slow for all to
 * have been sent in time, at even distances. Resolves when those have come who do before nobody waits for them.
 *
 * @param send resolves once it has come; undefined where it need not be sent. Never rejects.
 */
export async function sendPaced<Item>(
  items: readonly Item[],
  send: (item: Item) => Promise<void> | undefined,
  { withinMs, now = () => performance.now(), schedule = timeout }: Pace,
): Promise<void> {
  const { first, least, most } = ON_THEIR_WAY;
  const startedAt = now();
  let may: number = first;
  let are = 0;
  let changed = Promise.withResolvers<void>();
  function change(): void {
    changed.resolve();
    changed = Promise.withResolvers();
  }
  async function roomOr(dueAt: number): Promise<void> {
    if (are < may || dueAt <= now()) return;
    let isDue = false;
    const callOff = schedule(() => {
      isDue = true;
      change();
    }, dueAt - now());
    while (are >= may && !isDue) await changed.promise;
    callOff();
  }
  async function follow(arrived: Promise<void>): Promise<void> {
    are++;
    const sentAt = now();
    const late = Promise.withResolvers<void>();
    const callOff = schedule(late.resolve, GRACE_MS);
    await Promise.race([arrived, late.promise]);
    callOff();
    // One more where it came at once, none where it was slow, and fewer beyond that.
    const more = 1 - (now() - sentAt) / SLOW_MS;
    may = Math.min(Math.max(may + more, least), most);
    are--;
    change();
  }
  for (const [sent, item] of items.entries()) {
    await roomOr(startedAt + withinMs * sent / items.length);
    const arrived = send(item);
    if (arrived !== undefined) follow(arrived);
  }
  while (are > 0) await changed.promise;
}
