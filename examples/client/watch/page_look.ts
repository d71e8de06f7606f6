import type { PageVerdict } from "../records.ts";
import { look, type Sight, trustedLook } from "./look.ts";
import { openTap } from "./tap.ts";
import type { Witness } from "./witness.ts";

/** How long a look may take, milliseconds: the relay may have to ask for a connection first. */
const LOOK_MS = 20_000;

/** What a look showed. */
export interface Finding {
  verdict: PageVerdict;
  /** What was wrong. */
  why: string | null;
}

/** Options for {@linkcode lookAtOwnPage}. */
export interface PageLookOptions {
  page: URL;
  /** Where to connect. */
  address: string;
  /** Authorities to trust besides the system's, PEM. */
  ca: string | undefined;
  witness: Witness;
  /** What this end agrees on by ALPN with browsers; absent where another server ends their TLS. */
  alpn?: string;
  signal: AbortSignal;
}

/** Opens one's own page as a visitor does, and compares what both ends saw. Never rejects. */
export async function lookAtOwnPage(options: PageLookOptions): Promise<Finding> {
  const { address } = options;
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(LOOK_MS)]);
  try {
    const wrong = await whatIsWrong({ ...options, signal });
    if (wrong === undefined) return { verdict: "own", why: null };
    return { verdict: "other", why: `at ${address} ${wrong}` };
  } catch (error) {
    return { verdict: "not seen", why: `${address}: ${(error as Error).message}` };
  }
}

/** @throws {Error} if nothing can be said: no handshake was possible. */
async function whatIsWrong(options: PageLookOptions): Promise<string | undefined> {
  const { page, address, witness, signal } = options;
  const port = Number(page.port || 443);
  const asked = { serverName: page.hostname, ca: options.ca, signal };
  using tap = await openTap(address, port, signal);
  using watched = witness.watch(tap.began);
  let sight: Sight;
  try {
    sight = await trustedLook({ ...asked, host: "127.0.0.1", port: tap.port });
  } catch (error) {
    // The tap was for one connection, and the bytes of one that nobody takes need no comparing.
    sight = await look({ ...asked, host: address, port });
    if (sight.distrust === undefined && witness.isOwnKey(sight.key)) throw error;
  }
  const { key, issuer, alpn, distrust } = sight;
  if (!witness.isOwnKey(key)) return `the key is ${key} (${issuer}), not this computer's`;
  if (distrust !== undefined) return `browsers do not take the certificate: ${distrust}`;
  if (options.alpn !== undefined && alpn !== options.alpn) {
    return `${alpn ?? "nothing"} was agreed on by ALPN, not ${options.alpn}`;
  }
  if (watched.saw()) return undefined;
  return "it is this computer's key, but the connection did not get here unchanged";
}
