import { parseIp } from "../../lib/wire/ip_address.ts";
import { type Lookup, lookupHost } from "./data_address.ts";
import { connectHost, dialPlace } from "./relay_url.ts";

/** How long an address of a relay may take to answer, milliseconds: the last one, and each before. */
const ANSWER_MS = { last: 5_000, before: 1_000 } as const;

/**
 * Where a relay is: its name may have the addresses of several machines, one of which may be lost and
 * says nothing.
 */
export class RelayPlaces {
  readonly #relay: URL;
  readonly #lookup: Lookup;
  /** The one that answered last. */
  #good: string | undefined;

  /** @param lookup finds the addresses of its name. @default {lookupHost} */
  constructor(relay: URL, lookup: Lookup = lookupHost) {
    this.#relay = relay;
    this.#lookup = lookup;
  }

  /** Whether it has several addresses; not where they cannot be found, or may not be dialled. Never rejects. */
  async areSeveral(): Promise<boolean> {
    return (await this.#find()).length > 1;
  }

  /**
   * Connects to the first address that answers, the one that did so last before the others.
   *
   * @throws {Error} when none does, or on abort.
   */
  async dial(signal: AbortSignal): Promise<Deno.TcpConn> {
    const found = await this.#find();
    if (found.length < 2) return await Deno.connect({ ...dialPlace(this.#relay), signal });
    let failure: unknown;
    for (const address of found) {
      const ms = address === found.at(-1) ? ANSWER_MS.last : ANSWER_MS.before;
      try {
        const conn = await Deno.connect({
          ...dialPlace(this.#relay, address),
          signal: AbortSignal.any([signal, AbortSignal.timeout(ms)]),
        });
        this.#good = address;
        return conn;
      } catch (error) {
        signal.throwIfAborted();
        failure = error;
      }
    }
    throw failure;
  }

  async #find(): Promise<string[]> {
    const { hostname } = this.#relay;
    const isName = connectHost(hostname) === hostname && !hostname.startsWith("[") &&
      parseIp(hostname) === undefined;
    if (!isName) return [];
    const found = await this.#lookup(hostname).catch(() => []);
    const allowed = [...new Set(found)].filter(mayDial);
    return allowed.sort((a, b) => Number(b === this.#good) - Number(a === this.#good));
  }
}

/** Whether an address may be connected to: whoever allows only the relay's name has that dialled. */
function mayDial(address: string): boolean {
  const host = address.includes(":") ? `[${address.replace(/%.*$/, "")}]` : address;
  return Deno.permissions.querySync({ name: "net", host }).state === "granted";
}
