import type { Log } from "../../lib/log.ts";
import { sendLastWords } from "../../lib/net/last_words.ts";
import { LogThrottle } from "../../lib/net/log_throttle.ts";
import { splice, writeAll } from "../../lib/net/splice.ts";
import { alertRecord } from "../../lib/wire/alert.ts";
import type { JoinedVisitor } from "./data_connection.ts";
import { groupOf, leastMissed, Visit } from "./front/visit.ts";
import { connectUpstream, type Upstream, upstreamName } from "./proxy/upstream.ts";
import type { VisitorEnd } from "./visitor_end.ts";

/** Silence after which a visit may be ended for another one, milliseconds. */
const IDLE_MS = 15_000;

/** Least time between two log lines of visitors that cannot be served. */
const WARN_EVERY_MS = 10_000;

/** Options for {@linkcode TlsUpstream}. */
export interface TlsUpstreamOptions {
  /** Where the TLS server listens. */
  upstream: Upstream;
  /** Whether it gets the PROXY protocol header with the visitor's address first. */
  proxyProtocol: boolean;
  /** Visitors' connections at once. */
  maxVisitors: number;
  /** File with key and certificate, which the log names when they are new. */
  identityFile: string;
  log: Log;
}

/** A TLS server of the user's own (Caddy, nginx), which gets visitors' bytes as they come. */
export class TlsUpstream implements VisitorEnd {
  readonly #options: TlsUpstreamOptions;
  readonly #visits = new Set<Visit>();
  readonly #serving = new Set<Promise<void>>();
  readonly #failures: LogThrottle;
  #leaving = false;
  #isFirst = true;

  constructor(options: TlsUpstreamOptions) {
    this.#options = options;
    this.#failures = new LogThrottle(
      WARN_EVERY_MS,
      (fields) => options.log.warn("Cannot reach the TLS server of --tls-upstream", fields),
    );
  }

  get connections(): number {
    return this.#visits.size;
  }

  /** Tells when the certificate is another one: it is for the server to load. */
  use(): Promise<void> {
    const { log, identityFile: file } = this.#options;
    if (!this.#isFirst) log.info("The TLS server has to load the renewed certificate", { file });
    this.#isFirst = false;
    return Promise.resolve();
  }

  makeRoom(address: string | undefined): boolean {
    if (this.#visits.size < this.#options.maxVisitors) return true;
    const now = performance.now();
    for (const visit of this.#visits) visit.idle = now - visit.movedAt >= IDLE_MS;
    const given = leastMissed(this.#visits, groupOf(address));
    given?.end();
    return given !== undefined && this.#visits.delete(given);
  }

  serve(joined: JoinedVisitor): Promise<void> {
    if (this.#leaving || !this.makeRoom(joined.visitor?.address)) {
      return sendLastWords(joined.conn, alertRecord("internalError"));
    }
    const serving = this.#serve(joined);
    this.#serving.add(serving);
    return serving.finally(() => this.#serving.delete(serving));
  }

  renew(): void {
    // What is asked and answered within TLS is not known here.
  }

  async stop(graceMs: number): Promise<void> {
    this.#leaving = true;
    const timer = setTimeout(() => this.#visits.forEach((visit) => visit.end()), graceMs);
    await Promise.allSettled(this.#serving);
    clearTimeout(timer);
  }

  async #serve({ conn, header, head, visitor }: JoinedVisitor): Promise<void> {
    const { upstream, proxyProtocol, log } = this.#options;
    const visit = new Visit(conn, visitor?.address);
    this.#visits.add(visit);
    try {
      const inner = await connectUpstream(upstream, {}, visit.gone);
      visit.owns(inner);
      if (proxyProtocol) await writeAll(inner, header);
      await writeAll(inner, head);
      const { error } = await splice(conn, inner, {
        onBytes: () => visit.movedAt = performance.now(),
      });
      visit.hasClosed(conn, inner);
      if (error !== undefined) log.debug("A visitor's connection broke", { error });
    } catch (error) {
      this.#failures.say({ server: upstreamName(upstream), error });
      await sendLastWords(conn, alertRecord("internalError"));
    } finally {
      visit.end();
      this.#visits.delete(visit);
    }
  }
}
