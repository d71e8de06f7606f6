import { alertRecord } from "../wire/alert.ts";
import { encodeProxyV2, type ProxyAddresses } from "../wire/proxy_protocol.ts";
import type { Backend } from "../config/values.ts";
import type { Log } from "../log.ts";
import { closeQuietly, type Duplex, splice, type SpliceResult, writeAll } from "../net/splice.ts";
import { ReadAhead } from "../net/read_ahead.ts";
import { sendLastWords } from "../net/last_words.ts";
import { Limit } from "./limits.ts";
import { type JoinedHow, meet, type MeetingSession } from "./meet.ts";
import { type Peeked, Peeker } from "./peek.ts";
import { redirectToHttps } from "./redirect.ts";
import { route } from "./route.ts";
import { type IsProxy, socketAddresses } from "./source.ts";

/** What is known of a connection that goes to the relay's own servers. */
export interface Arrival {
  addresses: ProxyAddresses;
  /** The SNI; absent on the control port, where it does not matter. */
  serverName?: string;
  /** The page to show is "not responding": the user is online and did not answer. */
  notResponding?: boolean;
}

/** Passes a connection on, `head` first; closes it; never rejects. */
export type Serve = (conn: Duplex, head: Uint8Array, arrival: Arrival) => Promise<void>;

/** Options for {@linkcode Hub}. */
export interface HubOptions {
  baseDomain: string;
  publicPort: number;
  isUsername: (label: string) => boolean;
  /** The user's session, after a wait for one that is coming back. */
  findSession: (username: string, signal: AbortSignal) => Promise<MeetingSession | undefined>;
  servePage: Serve;
  serveControl: Serve;
  fallback?: Backend;
  isProxy: IsProxy;
  /** Groups addresses that one visitor can have; undefined for those that are not limited. */
  addressGroup: (address: string) => string | undefined;
  maxHellos: number;
  maxVisitorsPerUser: number;
  maxVisitorsPerAddress: number;
  log: Log;
  /** Told once a connection how it ended, as a short word for a metric label. */
  onOutcome?: (outcome: string) => void;
  /** Told of each visitor and client that met. */
  onJoined?: (how: JoinedHow) => void;
  /** Told what passed between a visitor and a client once they parted. */
  onParted?: (result: SpliceResult) => void;
}

/** A connection on its way through the hub. */
interface Visit {
  conn: Deno.TcpConn;
  addresses: ProxyAddresses;
  head: Uint8Array;
}

/** The visitors' side: accepts, peeks, routes, and meets or serves. */
export class Hub {
  readonly #options: HubOptions;
  readonly #perUser: Limit;
  readonly #perAddress: Limit;
  /** Joined visitors' connections by username. */
  readonly #joined = new Map<string, Set<Duplex>>();
  #hellos = 0;

  constructor(options: HubOptions) {
    this.#options = options;
    this.#perUser = new Limit(options.maxVisitorsPerUser);
    this.#perAddress = new Limit(options.maxVisitorsPerAddress);
  }

  /** Visitors whose first bytes are awaited. */
  get hellos(): number {
    return this.#hellos;
  }

  /** Visitors joined with their clients. */
  get joined(): number {
    let sum = 0;
    for (const visitors of this.#joined.values()) sum += visitors.size;
    return sum;
  }

  /** Visitors joined with this user's client. */
  visitorsOf(username: string): number {
    return this.#joined.get(username)?.size ?? 0;
  }

  /** Closes the connections of a user's visitors. */
  dropVisitors(username: string): void {
    for (const conn of this.#joined.get(username) ?? []) closeQuietly(conn);
  }

  /** Handles a connection to the hub and closes it. */
  async onConnection(conn: Deno.TcpConn): Promise<void> {
    await this.#admit(conn, true, (visit, peeked) => this.#direct(visit, peeked));
  }

  /** Handles a connection to the pages' own port and closes it. */
  async onPagesConnection(conn: Deno.TcpConn): Promise<void> {
    await this.#admit(conn, false, (visit, peeked) => {
      if (peeked.kind !== "hello") return this.#refuse(visit, peeked);
      return this.#toPage(visit, peeked.serverName, "page");
    });
  }

  /** Handles a connection to the plain HTTP port and closes it. */
  async onHttpConnection(conn: Deno.TcpConn): Promise<void> {
    await this.#admit(conn, false, async (visit, peeked) => {
      if (peeked.kind !== "hello") return await this.#refuse(visit, peeked);
      closeQuietly(conn);
      return "tls-on-http-port";
    });
  }

  /** Handles a connection to the control port and closes it. */
  async onControlConnection(conn: Deno.TcpConn): Promise<void> {
    conn.setNoDelay(true);
    const peeker = new Peeker(conn);
    const addresses = await this.#addresses(conn, peeker, true);
    peeker.done();
    if (addresses === undefined) return;
    await this.#options.serveControl(conn, peeker.bytes, { addresses });
  }

  /** Reads what a connection begins with, within the limits, and goes on with `next`. */
  async #admit(
    conn: Deno.TcpConn,
    mayBeProxied: boolean,
    next: (visit: Visit, peeked: Peeked) => Promise<string>,
  ): Promise<void> {
    const { maxHellos, addressGroup, log, onOutcome = () => {} } = this.#options;
    conn.setNoDelay(true);
    if (this.#hellos >= maxHellos) {
      closeQuietly(conn);
      return onOutcome("limit-hellos");
    }
    const peeker = new Peeker(conn);
    let group: string | undefined;
    let outcome: string;
    try {
      this.#hellos++;
      let visit: Visit;
      let peeked: Peeked;
      try {
        const addresses = await this.#addresses(conn, peeker, mayBeProxied);
        if (addresses === undefined) return onOutcome("bad-proxy-header");
        const key = addressGroup(addresses.source.address);
        if (key !== undefined) {
          if (!this.#perAddress.enter(key)) {
            closeQuietly(conn);
            return onOutcome("limit-address");
          }
          group = key;
        }
        peeked = await peeker.hello();
        visit = { conn, addresses, head: peeker.bytes };
      } finally {
        this.#hellos--;
        peeker.done();
      }
      outcome = await next(visit, peeked);
    } finally {
      if (group !== undefined) this.#perAddress.leave(group);
    }
    onOutcome(outcome);
    if (log.debugEnabled) log.debug("visitor's connection ended", { outcome });
  }

  /** Whom a connection comes from; closes it and returns undefined when its header is bad. */
  async #addresses(
    conn: Deno.TcpConn,
    peeker: Peeker,
    mayBeProxied: boolean,
  ): Promise<ProxyAddresses | undefined> {
    const own = socketAddresses(conn);
    if (!mayBeProxied || !this.#options.isProxy(own.source.address)) return own;
    const header = await peeker.proxyHeader();
    if (header.kind === "addresses") return header.addresses ?? own;
    if (header.kind === "bad-proxy-header") {
      this.#options.log.debug("PROXY header refused", { detail: header.detail });
    }
    closeQuietly(conn);
    return undefined;
  }

  async #direct(visit: Visit, peeked: Peeked): Promise<string> {
    if (peeked.kind !== "hello") return await this.#refuse(visit, peeked);
    const { serverName } = peeked;
    const target = route(serverName, this.#options);
    switch (target.to) {
      case "user":
        return await this.#toUser(visit, target.username, serverName!);
      case "landing":
        return await this.#toPage(visit, serverName, "landing");
      case "control":
        await this.#options.serveControl(visit.conn, visit.head, { addresses: visit.addresses });
        return "control";
      case "foreign":
        return await this.#toFallback(visit, serverName);
    }
  }

  async #toUser(visit: Visit, username: string, serverName: string): Promise<string> {
    if (!this.#perUser.enter(username)) {
      await sendLastWords(visit.conn, alertRecord("internalError"));
      return "limit-user";
    }
    try {
      const gone = new AbortController();
      // Notices a visitor who leaves while the client is asked; a mere half-close is not leaving.
      const conn = new ReadAhead(visit.conn, (error) => error && gone.abort(error));
      const met = await meet({
        addresses: visit.addresses,
        head: visit.head,
        find: (signal) => this.#options.findSession(username, signal),
        signal: gone.signal,
      });
      if (met.state === "joined") {
        this.#options.onJoined?.(met);
        await this.#join(username, conn, met.conn);
        return met.how;
      }
      if (gone.signal.aborted) {
        closeQuietly(conn);
        return "left";
      }
      const notResponding = met.state === "not-responding";
      const { addresses, head } = visit;
      await this.#options.servePage(conn, head, { addresses, serverName, notResponding });
      return met.state;
    } finally {
      this.#perUser.leave(username);
    }
  }

  async #join(username: string, visitor: Duplex, client: Duplex): Promise<void> {
    const joined = this.#joined.get(username) ?? new Set();
    this.#joined.set(username, joined.add(visitor));
    const result = await splice(visitor, client);
    joined.delete(visitor);
    if (joined.size === 0 && this.#joined.get(username) === joined) this.#joined.delete(username);
    const { log, onParted } = this.#options;
    onParted?.(result);
    if (log.debugEnabled) log.debug("visitor and client parted", { username, ...result });
  }

  async #toPage(visit: Visit, serverName: string | undefined, outcome: string): Promise<string> {
    const { conn, head, addresses } = visit;
    await this.#options.servePage(conn, head, {
      addresses,
      ...(serverName !== undefined && { serverName }),
    });
    return outcome;
  }

  async #toFallback(visit: Visit, serverName: string | undefined): Promise<string> {
    const { fallback, log } = this.#options;
    if (fallback === undefined) {
      await sendLastWords(visit.conn, alertRecord("unrecognizedName"));
      return serverName === undefined ? "no-name" : "foreign-name";
    }
    let backend: Deno.TcpConn;
    try {
      backend = await Deno.connect({ hostname: fallback.host, port: fallback.port });
    } catch (error) {
      log.warn("cannot reach the fallback backend; is it running?", { error });
      await sendLastWords(visit.conn, alertRecord("internalError"));
      return "fallback-unreachable";
    }
    try {
      if (fallback.proxyHeader) await writeAll(backend, encodeProxyV2(visit.addresses));
      await writeAll(backend, visit.head);
    } catch {
      closeQuietly(backend);
      closeQuietly(visit.conn);
      return "fallback-unreachable";
    }
    await splice(visit.conn, backend);
    return "fallback";
  }

  /** Answers what is not a ClientHello. */
  async #refuse(visit: Visit, peeked: Exclude<Peeked, { kind: "hello" }>): Promise<string> {
    const { conn } = visit;
    switch (peeked.kind) {
      case "http":
        await sendLastWords(conn, redirectToHttps(peeked, this.#options));
        return "http";
      case "bad-http":
        await sendLastWords(conn, redirectToHttps(undefined, this.#options));
        return "bad-http";
      case "reject":
        this.#options.log.debug("hello refused", { reason: peeked.reason, detail: peeked.detail });
        await sendLastWords(conn, alertRecord(peeked.alert));
        return peeked.reason;
      case "close":
        closeQuietly(conn);
        return peeked.reason;
    }
  }
}
