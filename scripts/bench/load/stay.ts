import { Backoff, COMING_BACK } from "../../../examples/client/backoff.ts";
import { sleep } from "../../../lib/net/pause.ts";
import { type DataPlace, goOnline, type Membership } from "./glosson.ts";

/** Options for {@linkcode stay}. */
export interface StayOptions {
  http: Deno.HttpClient;
  /** @default parks and joins nothing */
  onTicket?: (ticket: string, place: DataPlace) => void;
  /** Told each time that the user is online. */
  onOnline: () => void;
}

/**
 * Stays online, and comes back as the reference client does: at the relay that was good last or the next one
 * that lets it in, and after a pause where none does. Resolves when it is first.
 */
export async function stay(
  membership: Membership,
  { http, onTicket = () => {}, onOnline }: StayOptions,
): Promise<void> {
  let ports = [membership.controlPort, ...membership.others ?? []];
  const backoff = new Backoff(COMING_BACK);
  const { promise: isFirst, resolve } = Promise.withResolvers<void>();

  /** Is online until it loses that; how long it was asked to stay away, milliseconds. */
  async function attend(): Promise<number> {
    for (const controlPort of ports) {
      const { promise: isOver, resolve: end } = Promise.withResolvers<number>();
      try {
        await goOnline({ ...membership, controlPort }, onTicket, http, end);
      } catch {
        continue;
      }
      ports = [controlPort, ...ports.filter((port) => port !== controlPort)];
      backoff.reset();
      onOnline();
      resolve();
      return await isOver;
    }
    return 0;
  }

  (async () => {
    for (;;) {
      const asked = await attend();
      await sleep(asked > 0 ? asked : backoff.next());
    }
  })();
  await isFirst;
}
