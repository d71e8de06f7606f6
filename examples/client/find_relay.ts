import { Api } from "./api.ts";
import type { RelayInfo } from "./relay_answers.ts";
import { RelayUnreachable } from "./problem.ts";
import { openRelayHttp, type RelayHttp } from "./relay_http.ts";

/** A relay that answered; whoever has it closes `http`. */
export interface FoundRelay {
  relay: URL;
  http: RelayHttp;
  /** The authorities that it is trusted by besides the system's, PEM. */
  ca: string | undefined;
  info: RelayInfo;
}

/** The address of `relay.` below a host. */
function relayBelow(given: URL): URL {
  const below = new URL(given);
  below.hostname = `relay.${given.hostname}`;
  return below;
}

/**
 * Finds the relay at the address that a person gave, or at `relay.` below it: people know the name that
 * pages are below, which is not the relay's own.
 *
 * @param caOf the authorities to trust at an address besides the system's, PEM.
 * @throws {RelayUnreachable | RelayProblem} of the address that was given, when there is none.
 */
export async function findRelay(
  given: URL,
  caOf: (relay: URL) => Promise<string | undefined>,
  now: () => number,
): Promise<FoundRelay> {
  try {
    return await ask(given);
  } catch (error) {
    const isName = URL.parse(relayBelow(given).href)?.hostname === `relay.${given.hostname}`;
    if (!isName || given.hostname.startsWith("relay.")) throw error;
    try {
      return await ask(relayBelow(given));
    } catch (second) {
      throw second instanceof RelayUnreachable ? error : second;
    }
  }

  async function ask(relay: URL): Promise<FoundRelay> {
    const ca = await caOf(relay);
    const http = openRelayHttp(relay, ca);
    try {
      return { relay, http, ca, info: await new Api({ relay, http, now }).relayInfo() };
    } catch (error) {
      http.close();
      throw error;
    }
  }
}
