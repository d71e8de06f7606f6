import type { CertificateOrder } from "../certificate/authority.ts";
import { type AccountOptions, openAccountSession } from "./account.ts";
import { type OrderParts, runOrder } from "./order.ts";
import type { AcmeTransport } from "./transport.ts";

/** A clock that is further off than this is set right before anything is ordered. */
const CLOCK_LIMIT_MS = 10 * 60_000;

/** How long a try may take, whatever its servers do; the next one finds the order again. */
export const LIMIT_MS = 30 * 60_000;

/** Options for {@linkcode tryOrder}. */
export interface TryOptions {
  /** Whose account. */
  account: Omit<AccountOptions, "onStep">;
  order: Omit<OrderParts, "session">;
  /** How long it may take, milliseconds. @default {30 min} */
  limitMs?: number | undefined;
}

/**
 * Takes an order from the account to the chain, once.
 *
 * @throws {Error} as each of its steps, and when it takes too long.
 */
export async function tryOrder(order: CertificateOrder, options: TryOptions): Promise<string> {
  const { account, limitMs = LIMIT_MS } = options;
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(tooLong(limitMs)), limitMs);
  try {
    const transport = within(account.transport, limit.signal);
    const session = await openAccountSession({ ...account, transport, onStep: order.onStep });
    await session.directory();
    checkClock(transport.clockAheadMs());
    const signal = order.signal ? AbortSignal.any([order.signal, limit.signal]) : limit.signal;
    return await runOrder({ ...order, signal }, { ...options.order, session });
  } finally {
    clearTimeout(timer);
  }
}

/** The same transport, whose requests end with the signal. */
export function within(transport: AcmeTransport, signal: AbortSignal): AcmeTransport {
  return {
    ...transport,
    request: (url, method, asked) => transport.request(url, method, { ...asked, signal }),
  };
}

function tooLong(ms: number): Error {
  return new Error(
    `The order has not ended after ${
      ms / 60_000
    } minutes: the ACME server or the zone's name servers are slow; it is tried again`,
  );
}

/** @throws {Error} when this machine's clock is too far off. */
function checkClock(ahead: number | undefined): void {
  if (ahead === undefined || Math.abs(ahead) <= CLOCK_LIMIT_MS) return;
  const minutes = Math.round(Math.abs(ahead) / 60_000);
  throw new Error(
    `This machine's clock is ${minutes} minutes ${
      ahead > 0 ? "behind" : "ahead of"
    } the ACME server's: set it (e.g. \`timedatectl set-ntp true\`)`,
  );
}
