import { Backoff, COMING_BACK } from "../../../examples/client/backoff.ts";
import { lookForRelay, restarted } from "../../../examples/client/restarted.ts";
import { sleep } from "../../../lib/net/pause.ts";
import { type DataPlace, goOnline, type Membership } from "./glosson.ts";

/** How long a user may take to be online at first, milliseconds. */
const FIRST_MS = 30_000;

/** Options for {@linkcode stay}. */
export interface StayOptions {
  http: Deno.HttpClient;
  /** @default parks and joins nothing */
  onTicket?: (ticket: string, place: DataPlace) => void;
  /** Told each time that the user is online. */
  onOnline: () => void;
  /** How long it may take to be online at first, milliseconds. @default 30 s */
  firstMs?: number;
}

/**
 * Stays online, and comes back as the reference client does: at the relay that was good last or the next one
 * that lets it in, and after a pause where none does. Resolves when it is first.
 *
 * @throws {Error} where that takes too long; it tries no more then.
 */
export async function stay(
  membership: Membership,
  { http, onTicket = () => {}, onOnline, firstMs = FIRST_MS }: StayOptions,
): Promise<void> {
  let ports = [membership.controlPort, ...membership.others ?? []];
  const backoff = new Backoff(COMING_BACK);
  const { promise: isFirst, resolve, reject } = Promise.withResolvers<void>();
  const givenUp = new AbortController();
  let lostAt = performance.now();
  let trouble = "there is no answer";
  const timer = setTimeout(() => {
    givenUp.abort();
    reject(
      new Error(`${membership.username} is not online within ${firstMs} ms: ${trouble}`),
    );
  }, firstMs);

  /** Whether the relay was away that was good last, and is there again. */
  async function comesBack(): Promise<boolean> {
    const relay = new URL(`https://${membership.host ?? "localhost"}:${ports[0]}`);
    return ports.length === 1 && await restarted(lostAt, {
      look: () => lookForRelay(relay, givenUp.signal),
      elapsed: () => performance.now(),
      ...{ sleep, random: Math.random, signal: givenUp.signal },
    });
  }

  /** Is online until it loses that; how long it was asked to stay away, milliseconds. */
  async function attend(): Promise<number> {
    for (const controlPort of ports) {
      const { promise: isOver, resolve: end } = Promise.withResolvers<number>();
      const link = await goOnline({ ...membership, controlPort }, onTicket, http, end)
        .catch((error: Error) => void (trouble = error.message));
      if (link === undefined) continue;
      if (givenUp.signal.aborted) {
        link.close();
        return 0;
      }
      clearTimeout(timer);
      ports = [controlPort, ...ports.filter((port) => port !== controlPort)];
      backoff.reset();
      onOnline();
      resolve();
      const asked = await isOver;
      lostAt = performance.now();
      return asked;
    }
    return 0;
  }

  (async () => {
    while (!givenUp.signal.aborted) {
      const asked = await attend();
      if (asked === 0 && await comesBack()) continue;
      await sleep(asked > 0 ? asked : backoff.next(), givenUp.signal);
    }
  })();
  await isFirst;
}
