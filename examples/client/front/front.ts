/**
 * Where visitors' TLS ends, and HTTP is spoken with them.
 *
 * @module
 */
import type { Log } from "../../../lib/log.ts";
import { sendLastWords } from "../../../lib/net/last_words.ts";
import { type Schedule, scheduleTimeout } from "../../../lib/net/schedule.ts";
import { LogThrottle } from "../../../lib/net/log_throttle.ts";
import { type Duplex, splice, writeAll } from "../../../lib/net/splice.ts";
import { alertRecord } from "../../../lib/wire/alert.ts";
import type { JoinedVisitor } from "../data_connection.ts";
import { chooseEnd } from "./choose_end.ts";
import { openDenoTlsEnd } from "./deno_tls_end.ts";
import type { Handler } from "./exchange.ts";
import { VISITOR_LIMITS, type VisitorLimits } from "./limits.ts";
import { hasNodeTls, openNodeTlsEnd } from "./node_tls_end.ts";
import { speak } from "./speak.ts";
import type { KeyAndChain, OpenTlsEnd, SecureConnection, TlsEnd } from "./tls_end.ts";
import { TlsEnds } from "./tls_ends.ts";
import { groupOf, leastMissed, Visit } from "./visit.ts";

/** Least time between two log lines of visitors that cannot be served. */
const WARN_EVERY_MS = 10_000;

/** For how long nothing moved where a request that is on its way is not to be expected, milliseconds. */
const QUIET_MS = 1_000;

/** Options for {@linkcode Front}. */
export interface FrontOptions {
  handler: Handler;
  log: Log;
  /** Visitors' connections at once. @default {Infinity} */
  maxVisitors?: number;
  /** Makes the TLS server. @default {what this runtime can do best} */
  openTlsEnd?: OpenTlsEnd;
  /** @default {VISITOR_LIMITS} */
  limits?: VisitorLimits;
  /** @default {setTimeout} */
  schedule?: Schedule;
}

/**
 * Where visitors' TLS ends and their requests are read.
 *
 * A data connection is passed, byte for byte, to the runtime's TLS server on a loopback port of this
 * program, and what comes out of that is HTTP for the handler. The hop costs some microseconds and
 * buys two things: the TLS server does its own accepting, so that whatever a visitor sends ends at
 * most their own connection; and both ends of the hop are closed here, whatever state TLS is in, so
 * that no visitor is left behind.
 *
 * Who the visitor is stands in a table under the loopback port that the connection comes from, and
 * a connection that is not in it (another program of this computer) is turned away.
 */
export class Front {
  readonly #options: FrontOptions;
  readonly #limits: VisitorLimits;
  readonly #schedule: Schedule;
  readonly #visits = new Set<Visit>();
  readonly #byPort = new Map<number, Visit>();
  /** Connections to the TLS server whose port is not in the table yet. */
  readonly #opening = new Set<Promise<unknown>>();
  readonly #serving = new Set<Promise<void>>();
  readonly #failures: LogThrottle;
  readonly #ends: TlsEnds;
  #leaving = false;

  constructor(options: FrontOptions) {
    this.#options = options;
    this.#limits = options.limits ?? VISITOR_LIMITS;
    this.#schedule = options.schedule ?? scheduleTimeout;
    this.#failures = new LogThrottle(
      WARN_EVERY_MS,
      (fields) => options.log.warn("Cannot serve visitors", fields),
    );
    const { log, openTlsEnd = hasNodeTls() ? openNodeTlsEnd : openDenoTlsEnd } = options;
    const open = (identity: KeyAndChain): ReturnType<OpenTlsEnd> =>
      openTlsEnd({
        ...{ identity, log, handshakeMs: this.#limits.handshake },
        admit: (port, conn) => this.#admit(port, conn),
        onSecure: (secure) => void this.#speak(secure),
      });
    this.#ends = new TlsEnds(open, (end) => this.#retire((visit) => visit.tls === end));
  }

  /** The TLS server's port on 127.0.0.1; undefined before the first {@linkcode Front.use}. */
  get port(): number | undefined {
    return this.#ends.main?.port;
  }

  /** Visitors' connections that are being served. */
  get connections(): number {
    return this.#visits.size;
  }

  /**
   * Serves new connections with this key and certificate; open ones keep theirs for the next answer, which says
   * close.
   *
   * @throws {Error} if they are not PEM or do not belong together.
   */
  async use(identity: KeyAndChain): Promise<void> {
    if (this.#leaving) return;
    await this.#ends.use(identity);
  }

  /** Where TLS of the user's own domains ends. */
  get domains(): Pick<TlsEnds, "useFor" | "prove"> {
    return this.#ends;
  }

  /**
   * Sees to it that there is room for one more visitor from this address, if need be by ending the
   * visit that is missed least.
   *
   * @returns whether there is.
   */
  makeRoom(address: string | undefined): boolean {
    if (this.#visits.size < (this.#options.maxVisitors ?? Infinity)) return true;
    const given = leastMissed(this.#visits, groupOf(address));
    if (given === undefined) return false;
    this.#options.log.debug("A visitor gives way to another", { address: given.address });
    given.end();
    this.#visits.delete(given);
    return true;
  }

  /** Serves one data connection, `head` first, until it ends; closes `conn`. Never rejects. */
  serve({ conn, head, visitor }: Pick<JoinedVisitor, "conn" | "head" | "visitor">): Promise<void> {
    const address = visitor?.address;
    if (this.#ends.main === undefined || this.#leaving || !this.makeRoom(address)) {
      return sendLastWords(conn, alertRecord("internalError"));
    }
    const serving = this.#serve(conn, head, address);
    this.#serving.add(serving);
    return serving.finally(() => this.#serving.delete(serving));
  }

  /**
   * Has visitors come anew for what they ask next, since the relay that they came by is leaving and would wait for
   * them: connections that are only kept are closed, the others once they are answered.
   */
  renew(): void {
    const look = (): void => {
      this.#retire(() => true);
      const quietSince = performance.now() - QUIET_MS;
      for (const visit of this.#visits) {
        // Who has just come may be asking for the first time.
        if (visit.idle && visit.movedAt < quietSince) visit.leave();
      }
    };
    look();
    this.#schedule(look, QUIET_MS);
  }

  #retire(which: (visit: Visit) => boolean): void {
    for (const visit of this.#visits) if (which(visit)) visit.retire();
  }

  /**
   * Lets open requests finish for `graceMs`, then ends every connection.
   *
   * Idle connections are closed at once: a browser keeps them for minutes.
   */
  async stop(graceMs: number): Promise<void> {
    this.#leaving = true;
    this.#ends.close();
    for (const visit of this.#visits) {
      if (visit.idle) visit.end();
      else visit.leave();
    }
    const timer = setTimeout(() => this.#visits.forEach((visit) => visit.end()), graceMs);
    await Promise.allSettled(this.#serving);
    clearTimeout(timer);
  }

  async #serve(conn: Duplex, head: Uint8Array, address: string | undefined): Promise<void> {
    const { log } = this.#options;
    const visit = new Visit(conn, address);
    this.#visits.add(visit);
    let port: number | undefined;
    try {
      const { tls, opening } = await chooseEnd(this.#ends, conn, visit, head, {
        ...{ limits: this.#limits, schedule: this.#schedule, log },
      });
      if (tls === undefined) return;
      visit.tls = tls;
      const inner = await this.#open(tls, visit);
      port = inner.localAddr.port;
      await writeAll(inner, opening);
      const { error } = await splice(conn, visit.toldOfEnds(visit.pace.toTls(inner)), {
        onBytes: () => visit.movedAt = performance.now(),
      });
      visit.hasClosed(conn, inner);
      // Both sides have ended, and the last bytes may be on their way to the app.
      if (error === undefined) await visit.settled(this.#schedule, this.#limits.halfClosed);
      else log.debug("A visitor's connection broke", { error });
    } catch (error) {
      // Whose visit was ended meanwhile, for another's sake or at the end, was not failed by this computer.
      if (!visit.gone.aborted) this.#failures.say({ error });
    } finally {
      visit.end();
      this.#visits.delete(visit);
      if (port !== undefined && this.#byPort.get(port) === visit) this.#byPort.delete(port);
    }
  }

  /** Connects to the TLS server, and notes for whom before it hears a byte. */
  async #open(tls: TlsEnd, visit: Visit): Promise<Deno.TcpConn> {
    let late = this.#schedule(() => visit.end(), this.#limits.handshake);
    // Nothing more comes that could complete the handshake; the TLS server would wait for it.
    visit.onHalfClosed = () => {
      late();
      late = this.#schedule(() => visit.end(), this.#limits.linger);
    };
    visit.gone.addEventListener("abort", () => late(), { once: true });
    const opening = Deno.connect({ hostname: "127.0.0.1", port: tls.port }).then((inner) => {
      inner.setNoDelay(true);
      this.#byPort.set(inner.localAddr.port, visit);
      visit.owns(inner);
      visit.onSecure = () => late();
      return inner;
    });
    const noted = opening.catch(() => {}).finally(() => this.#opening.delete(noted));
    this.#opening.add(noted);
    return await opening;
  }

  async #admit(port: number, conn: { close(): void }): Promise<boolean> {
    if (!this.#byPort.has(port)) await Promise.all(this.#opening);
    const visit = this.#byPort.get(port);
    visit?.owns(conn);
    return visit !== undefined;
  }

  /** Speaks HTTP with a visitor whose handshake is done. */
  async #speak(secure: SecureConnection): Promise<void> {
    const visit = this.#byPort.get(secure.port);
    if (visit === undefined) return secure.conn.close();
    visit.onSecure();
    await (visit.spoken = speak(secure, visit, {
      handler: this.#options.handler,
      limits: this.#limits,
      schedule: this.#schedule,
      log: this.#options.log,
    }));
  }
}
