import { lookup as systemLookup } from "node:dns/promises";
import {
  type AddressBlock,
  embeddedIps,
  isPublicIp,
  isWithin,
  parseBlock,
} from "../../lib/wire/address_scope.ts";
import { parseIp } from "../../lib/wire/ip_address.ts";
import { connectHost } from "./relay_url.ts";

/**
 * How long the relay may take to show that it is on this network, milliseconds. Who does not is refused
 * after exactly this time, whatever the reason, so that the time says nothing of what is there.
 */
export const NEAR_PROOF_MS = 2_000;

/**
 * After which time it may try again, milliseconds: a network that was slow when the session began must
 * not keep visitors away for days. Each try takes the same time, so that it tells as little as the first.
 */
const NEAR_AGAIN_MS = 60_000;

/** How long it is remembered which networks this computer is in, milliseconds: many connections are made together. */
const NETWORKS_KEPT_MS = 1_000;

/** The addresses of a host, best first; none when it has none. */
export type Lookup = (hostname: string) => Promise<string[]>;

/** A name whose addresses are none that this client connects to. */
export class AddressForbidden extends Error {
  override readonly name = "AddressForbidden";

  constructor() {
    super("Cannot connect to the data port: it is said to be on this computer or its network");
  }
}

/** Asks the system's resolver, which also knows the hosts file. */
export async function lookupHost(hostname: string): Promise<string[]> {
  const found = await systemLookup(connectHost(hostname), { all: true });
  return found.map(({ address }) => address);
}

/** The networks that this computer is in; only its own address blocks where it may not look. */
function ownNetworks(): AddressBlock[] {
  const permission = { name: "sys", kind: "networkInterfaces" } as const;
  if (Deno.permissions.querySync(permission).state !== "granted") return [];
  return Deno.networkInterfaces().flatMap(({ cidr }) => parseBlock(cidr) ?? []);
}

/** Options for {@linkcode DataAddresses}. */
export interface DataAddressesOptions {
  /** The host of the relay's address, as the user gave it. */
  relayHost: string;
  /** Whether it is the relay that answers at an address: proven by its certificate. Never rejects. */
  isRelayAt: (address: string) => Promise<boolean>;
  /** @default {lookupHost} */
  lookup?: Lookup;
  /** @default {ownNetworks} */
  networks?: () => AddressBlock[];
  /** Resolves after so many milliseconds. */
  sleep: (ms: number) => Promise<void>;
  /** Clock, milliseconds. @default {performance.now} */
  now?: () => number;
}

/**
 * The addresses that a client may connect to because the relay named them.
 *
 * The relay says where its data port is, and its DNS where the user's page is. Were it believed, it could have a client connect to whatever
 * is on the client's own network, and tell by the answers what is there. So nothing is connected to on
 * this computer, a private network or a link, unless the relay itself is at such an address (PROTOCOL
 * section 2): because the user named it, or because who answers there holds the relay's certificate. A
 * name alone proves nothing, since its owner chooses its addresses, each time anew.
 */
export class DataAddresses {
  readonly #options: DataAddressesOptions;
  readonly #lookup: Lookup;
  readonly #networks: () => AddressBlock[];
  readonly #now: () => number;
  /** Names whose addresses are being asked for: once for all visitors who come together. */
  readonly #asked = new Map<string, Promise<string[]>>();
  /** Whether the relay is here, as it was found last. */
  #near: Promise<boolean> | undefined;
  #findAgainAt = -Infinity;

  constructor(options: DataAddressesOptions) {
    this.#options = options;
    this.#lookup = options.lookup ?? lookupHost;
    this.#now = options.now ?? (() => performance.now());
    this.#networks = kept(options.networks ?? ownNetworks, NETWORKS_KEPT_MS, this.#now);
  }

  /**
   * The addresses of a host that may be connected to. They are to be used as they are: a name that is
   * resolved again may have others by then.
   *
   * @throws {AddressForbidden} when it has none but those that may not.
   * @throws {Error} of the resolver, when it has none at all.
   */
  async of(hostname: string): Promise<string[]> {
    const all = await this.#find(hostname);
    const networks = this.#networks();
    const distant = all.filter((address) => isDistant(address, networks));
    if (distant.length > 0) return distant;
    if (all.length === 0 || !(await this.#isNear())) throw new AddressForbidden();
    return all;
  }

  /** Those of these addresses that may be connected to, under the same rules; none of them is resolved. */
  async among(addresses: readonly string[]): Promise<string[]> {
    const networks = this.#networks();
    const distant = addresses.filter((address) => isDistant(address, networks));
    const all = distant.length === addresses.length || await this.#isNear();
    return all ? [...addresses] : distant;
  }

  async #find(hostname: string): Promise<string[]> {
    try {
      return await this.#ask(hostname.replace(/^\[(.*)\]$/, "$1"));
    } catch (error) {
      // As long as for a name that has addresses: whether there is one here is not the relay's.
      await this.#isNear();
      throw error;
    }
  }

  #ask(hostname: string): Promise<string[]> {
    let asked = this.#asked.get(hostname);
    if (asked === undefined) {
      asked = this.#lookup(hostname).finally(() => this.#asked.delete(hostname));
      this.#asked.set(hostname, asked);
    }
    return asked;
  }

  #isNear(): Promise<boolean> {
    if (this.#near === undefined || this.#now() >= this.#findAgainAt) {
      this.#findAgainAt = this.#now() + NEAR_AGAIN_MS;
      this.#near = this.#findNear().then((found) => {
        if (found) this.#findAgainAt = Infinity;
        return found;
      });
    }
    return this.#near;
  }

  async #findNear(): Promise<boolean> {
    const { relayHost, sleep } = this.#options;
    const host = relayHost.replace(/^\[(.*)\]$/, "$1");
    // No DNS in between: the user said so.
    if (connectHost(host) !== host) return true;
    if (parseIp(host) !== undefined) return !isDistant(host, this.#networks());
    return await Promise.race([
      this.#provenNear(host),
      sleep(NEAR_PROOF_MS).then(() => false),
    ]);
  }

  /** Settles only when the relay was found. */
  async #provenNear(host: string): Promise<boolean> {
    const networks = this.#networks();
    const all = await this.#lookup(host).catch(() => []);
    const near = all.filter((address) => !isDistant(address, networks));
    // One of them may be lost, and say nothing.
    return await Promise.race(near.map(async (address) => {
      if (await this.#options.isRelayAt(address)) return true;
      return await new Promise<never>(() => {});
    }));
  }
}

/** What `look` says, asked for again where that is older than so many milliseconds. */
function kept<Value>(look: () => Value, ms: number, now: () => number): () => Value {
  let seen: { value: Value; at: number } | undefined;
  return () => {
    if (seen === undefined || now() - seen.at >= ms) seen = { value: look(), at: now() };
    return seen.value;
  };
}

/** Whether an address is public and in no network of this computer's. */
function isDistant(address: string, networks: readonly AddressBlock[]): boolean {
  const bytes = parseIp(address);
  if (bytes === undefined || !isPublicIp(bytes)) return false;
  const forms = [bytes, ...embeddedIps(bytes)];
  return !networks.some((block) => forms.some((form) => isWithin(form, block)));
}
