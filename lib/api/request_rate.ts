import type { SocketAddress } from "../wire/proxy_protocol.ts";
import { TokenBuckets } from "../net/token_buckets.ts";
import type { Transport } from "../session/caller.ts";
import { Problem } from "./problem.ts";

/** Options for {@linkcode createRequestRate}. */
export interface RequestRateOptions {
  /** Requests of one address a second, and how many at once before that rate holds. */
  perSecond: number;
  burst: number;
  /** Groups that limits count an address in, narrowest first; none where it is not limited. */
  addressGroups: (address: string) => readonly string[];
  /** Clock in milliseconds that never goes back. @default {performance.now} */
  now?: () => number;
}

/** What a request comes from. */
export interface Origin {
  source: SocketAddress;
  transport: Pick<Transport, "endWithAnswer">;
}

/**
 * Makes the limit on how fast an address may ask, to be asked before anything else is done: it
 * answers those above it.
 *
 * To refuse a request costs nearly as much as to answer a small one. So a refused peer has had its
 * last answer on that connection, and new ones come no faster than new connections of an address may.
 */
export function createRequestRate(
  { perSecond, burst, addressGroups, now }: RequestRateOptions,
): (origin: Origin) => Response | undefined {
  const buckets = new TokenBuckets({ perSecond, burst, ...(now && { now }) });
  // Until the next request has a token, and some more behind it.
  const retryAfterS = Math.max(1, Math.ceil(10 / perSecond));
  const problem = new Problem(
    "rate-limited",
    `More requests than ${perSecond} a second come from your network; wait a moment, then try again.`,
    { retryAfterS, headers: { "Connection": "close" } },
  );

  return ({ source, transport }) => {
    const groups = addressGroups(source.address);
    if (groups.length === 0 || buckets.take(...groups)) return undefined;
    transport.endWithAnswer();
    return problem.response();
  };
}
