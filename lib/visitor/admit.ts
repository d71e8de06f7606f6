import { setOptions } from "../net/listen.ts";
import { type Place, Places } from "../net/places.ts";
import { scheduleTimeout } from "../net/schedule.ts";
import { closeQuietly, type Duplex } from "../net/splice.ts";
import { TokenBuckets } from "../net/token_buckets.ts";
import type { ProxyAddresses } from "../wire/proxy_protocol.ts";
import type { Ending, Outcome } from "./outcome.ts";
import { type Peeked, Peeker } from "./peek.ts";
import { refuseByAlert } from "./refuse.ts";
import { type IsProxy, socketAddresses } from "./source.ts";

/** Hellos of unusual size that are read at once: each may take 200 KiB of memory. */
const LARGE_HELLOS = 64;

/** Visitors above a limit who are told so at the same time; the others are closed unheard. */
const REFUSALS = 64;

/** Refusals a second that an address is told of, and at once before that: a browser needs one. */
const TOLD = { perSecond: 2, burst: 10 } as const;

/**
 * Of the others, so many are kept waiting for so long before they are closed, all together and of one
 * address: whoever comes again as soon as they are refused comes less often.
 */
const KEPT_WAITING = { total: 256, perKey: 64 } as const;
const KEPT_WAITING_MS = 1_000;

/** How long a proxy may take to say for whom it comes, where that is refused. */
const PROXY_WORD_MS = 1_000;

/** A connection whose beginning has been read. */
export interface Visit {
  /** What to read and write from here on: the connection, or what was put in front of it. */
  conn: Duplex;
  readonly addresses: ProxyAddresses;
  /**
   * What a PROXY header of ours tells of them: absent where a proxy of ours sent the connection and
   * did not say for whom (`LOCAL`, `UNKNOWN`). `addresses` are the proxy's own then.
   */
  readonly announced: ProxyAddresses | undefined;
  /** What limits by address count it under, narrowest first; empty where it is not limited. */
  readonly groups: readonly string[];
  readonly peeked: Peeked;
  /** The bytes read so far, to be passed on first. */
  head: Uint8Array<ArrayBuffer>;
  /** What it counts as: a hello in flight at first; given back at the end of the connection. */
  place: Place;
}

/** How many connections there may be on their way in, and how fast they may come. */
export interface AdmissionLimits {
  /** Connections at once whose first bytes are awaited or that are being refused. */
  maxHellos: number;
  /** Connections at once of one address. */
  maxPerAddress: number;
  /** New connections a second of one address, and how many at once before that. */
  hellosPerSecond: number;
  helloBurst: number;
}

/** Options for {@linkcode Admission}. */
export interface AdmissionOptions {
  isProxy: IsProxy;
  /** Groups that limits count an address in, narrowest first; none where it is not limited. */
  addressGroups: (address: string) => readonly string[];
  limits: AdmissionLimits;
}

/**
 * The way in: tells whom a connection comes from and reads what it begins with, within the limits.
 *
 * Every connection has a place among the hellos until it is passed on or refused, and one among its
 * address's connections until its end. Who has no place is told by the alert `internal_error`: it
 * says that the fault is here and for now, and no alert is nearer.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #hellos: Places;
  readonly #perAddress: Places;
  readonly #large = new Places({ total: LARGE_HELLOS });
  readonly #refusals = new Places({ total: REFUSALS });
  readonly #keptWaiting = new Places(KEPT_WAITING);
  readonly #buckets: TokenBuckets;
  readonly #told = new TokenBuckets(TOLD);

  constructor(options: AdmissionOptions) {
    this.#options = options;
    const { maxHellos, maxPerAddress, hellosPerSecond, helloBurst } = options.limits;
    this.#hellos = new Places({ total: maxHellos });
    this.#perAddress = new Places({ perKey: maxPerAddress });
    this.#buckets = new TokenBuckets({ perSecond: hellosPerSecond, burst: helloBurst });
  }

  /** The places of hellos. */
  get hellos(): Pick<Places, "used" | "total"> {
    return this.#hellos;
  }

  /**
   * Handles a connection to its end: peeks, then goes on with `next`, which closes it.
   *
   * @param mayBeProxied whether a PROXY header comes first where the peer is a proxy of ours.
   * @param onEnd told how it ended; `visit` is absent when it did not come as far.
   */
  async admit(
    conn: Deno.TcpConn,
    mayBeProxied: boolean,
    next: (visit: Visit) => Promise<Ending>,
    onEnd: (ending: Ending, addresses: ProxyAddresses, visit?: Visit) => void,
  ): Promise<void> {
    const addresses = socketAddresses(conn);
    const isProxied = mayBeProxied && this.#options.isProxy(addresses.source.address);
    const hello = this.#hellos.take();
    if (hello === undefined) {
      return onEnd(await this.#turnAway(conn, "limit-hellos", [], isProxied), addresses);
    }
    const held = [hello];
    let visit: Visit | undefined;
    try {
      const peek = await this.#peek(conn, isProxied, addresses, hello, held);
      if (!("conn" in peek)) return onEnd(peek.ending, peek.addresses);
      visit = peek;
      setOptions(conn);
      onEnd(await next(visit), visit.addresses, visit);
    } finally {
      visit?.place.leave();
      for (const place of held) place.leave();
    }
  }

  /** Reads what a connection begins with; closes one that is not let in. */
  async #peek(
    conn: Deno.TcpConn,
    isProxied: boolean,
    socket: ProxyAddresses,
    hello: Place,
    held: Place[],
  ): Promise<Visit | { ending: Ending; addresses: ProxyAddresses }> {
    const { addressGroups } = this.#options;
    let groups: readonly string[] = [];
    const peeker = new Peeker(conn, { takeLarge: () => this.#large.take(...groups) });
    let addresses = socket;
    try {
      let announced: ProxyAddresses | undefined = addresses;
      if (isProxied) {
        const header = await peeker.proxyHeader();
        if (header.kind !== "addresses") {
          closeQuietly(conn);
          const ending: Ending = header.kind === "close"
            ? { outcome: header.reason }
            : { outcome: "bad-proxy-header", detail: header.detail };
          return { ending, addresses };
        }
        announced = header.addresses;
        addresses = announced ?? addresses;
      }
      groups = addressGroups(addresses.source.address);
      const refused = groups.length === 0 ? undefined : this.#refusal(groups, hello, held);
      if (refused !== undefined) {
        peeker.forget();
        // Who has more than its share must not hold a place of those who wait for theirs.
        hello.leave();
        for (const place of held) place.leave();
        return { ending: await this.#turnAway(conn, refused, groups), addresses };
      }
      const peeked = await peeker.hello();
      return { conn, addresses, announced, groups, peeked, head: peeker.bytes, place: hello };
    } finally {
      peeker.done();
    }
  }

  /** Counts a connection for its address; tells which limit it is above. */
  #refusal(groups: readonly string[], hello: Place, held: Place[]): Outcome | undefined {
    const own = this.#perAddress.take(...groups);
    if (own === undefined) return "limit-address";
    held.push(own);
    if (!this.#buckets.take(...groups)) return "limit-rate";
    return hello.assign(...groups) ? undefined : "limit-hellos";
  }

  /**
   * Refuses a connection that is above a limit: by an alert, or unheard, and after a wait, when many are at
   * once or its address has been told often: an alert with the wait for its reader costs more than all
   * before it.
   *
   * @param isProxied whether a PROXY header is still to come: a proxy that waits for its request of SOCKS4
   *     to be granted takes the alert for no answer, and tries again.
   */
  async #turnAway(
    conn: Duplex,
    outcome: Outcome,
    groups: readonly string[],
    isProxied = false,
  ): Promise<Ending> {
    const place = groups.length === 0 || this.#told.take(...groups)
      ? this.#refusals.take()
      : undefined;
    if (place === undefined) {
      await this.#keepWaiting(groups);
      closeQuietly(conn);
      return { outcome };
    }
    try {
      if (isProxied) await hearProxy(conn);
      return await refuseByAlert(conn, "internalError", outcome);
    } finally {
      place.leave();
    }
  }

  /** Waits where there is a place for that. */
  async #keepWaiting(groups: readonly string[]): Promise<void> {
    const place = groups.length === 0 ? undefined : this.#keptWaiting.take(...groups);
    if (place === undefined) return;
    await new Promise<void>((resolve) => scheduleTimeout(resolve, KEPT_WAITING_MS));
    place.leave();
  }
}

/** Lets a proxy say for whom it comes, so that it takes what is said next for that visitor. Never rejects. */
async function hearProxy(conn: Duplex): Promise<void> {
  const peeker = new Peeker(conn, { timeoutMs: PROXY_WORD_MS });
  await peeker.proxyHeader();
  peeker.forget();
}
