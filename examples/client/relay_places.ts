import { orAborted } from "../../lib/net/pause.ts";
import { parseIp } from "../../lib/wire/ip_address.ts";
import { type Lookup, lookupHost } from "./data_address.ts";
import { dialFirst, inTime } from "./dial_first.ts";
import { connectHost, dialPlace } from "./relay_url.ts";

/**
 * How long one of several addresses may take before the next is tried, milliseconds: a first SYN that is lost
 * is sent again after a second.
 */
const ATTEMPT_MS = 1_500;

/** How long it may take to reach a relay, milliseconds. */
const DIAL_MS = 10_000;

/**
 * Where a relay is: its name may have the addresses of several machines, one of which may be lost and
 * says nothing.
 */
export class RelayPlaces {
  readonly #relay: URL;
  readonly #lookup: Lookup;
  /** Where the session is: the others do not take its tickets. */
  #home: string | undefined;
  /** What answered last: while one address is lost, not everybody is to wait for it. */
  #answered: string | undefined;
  /** The addresses that are being asked for: once for all who come together. */
  #asked: Promise<string[]> | undefined;

  /** @param lookup finds the addresses of its name. @default {lookupHost} */
  constructor(relay: URL, lookup: Lookup = lookupHost) {
    this.#relay = relay;
    this.#lookup = lookup;
  }

  /**
   * Connects to the first address that answers, that of the session before the others, then what answered last.
   *
   * @throws {Error} when none does, or on abort.
   */
  dial(signal: AbortSignal): Promise<Deno.TcpConn> {
    return inTime((signal) => this.#dial(signal), DIAL_MS, signal);
  }

  /** As {@linkcode dial}, for the session: where it is from now on. */
  async dialSession(signal: AbortSignal): Promise<Deno.TcpConn> {
    const conn = await this.dial(signal);
    this.#home = conn.remoteAddr.hostname;
    return conn;
  }

  /**
   * Connects where the session is.
   *
   * @throws {Error} when that does not answer, or on abort.
   */
  dialHome(signal: AbortSignal): Promise<Deno.TcpConn> {
    return this.#home === undefined ? this.dial(signal) : this.#connect(this.#home, signal);
  }

  async #dial(signal: AbortSignal): Promise<Deno.TcpConn> {
    const found = await orAborted(this.#find(), signal);
    if (found.length === 0) return await this.#connect(undefined, signal);
    const conn = await dialFirst(
      found,
      ATTEMPT_MS,
      (address, signal) => this.#connect(address, signal),
      signal,
    );
    this.#answered = conn.remoteAddr.hostname;
    return conn;
  }

  #connect(address: string | undefined, signal: AbortSignal): Promise<Deno.TcpConn> {
    return Deno.connect({ ...dialPlace(this.#relay, address), signal });
  }

  /** The addresses to dial; none where the relay is to be dialled as it is called. Never rejects. */
  async #find(): Promise<string[]> {
    const { hostname } = this.#relay;
    if (connectHost(hostname) !== hostname || !isName(hostname)) return [];
    this.#asked ??= this.#lookup(hostname).catch(() => []).finally(() => this.#asked = undefined);
    const allowed = (await this.#asked).filter(mayDial);
    const known = [this.#home, this.#answered].filter((each) => each !== undefined);
    return [...new Set([...known.filter((each) => allowed.includes(each)), ...allowed])];
  }
}

/** Whether a host of a URL is a name, and no address. */
export function isName(hostname: string): boolean {
  return !hostname.startsWith("[") && parseIp(hostname) === undefined;
}

/** Whether an address may be connected to: whoever allows only the relay's name has that dialled. */
function mayDial(address: string): boolean {
  const host = address.includes(":") ? `[${address.replace(/%.*$/, "")}]` : address;
  return Deno.permissions.querySync({ name: "net", host }).state === "granted";
}
