import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import type { Log } from "../../lib/log.ts";
import { sendLastWords } from "../../lib/net/last_words.ts";
import { type Schedule, scheduleTimeout } from "../../lib/net/schedule.ts";
import { closeQuietly } from "../../lib/net/splice.ts";
import { alertRecord } from "../../lib/wire/alert.ts";
import { connStream } from "./conn_stream.ts";
import type { SavedIdentity } from "./state.ts";
import { sleep } from "./wait.ts";

/** Pause before a server that stopped by itself is started again, milliseconds. */
const RESTART_PAUSE_MS = 200;

/** How long a visitor's TLS handshake may take, milliseconds. */
export const HANDSHAKE_MS = 20_000;

/** How long a visitor may take to close after the server did, milliseconds. */
export const LINGER_MS = 1_000;

/** What visitors may speak within TLS, by preference (RFC 7301). */
const PROTOCOLS = ["h2", "http/1.1", "http/1.0"];

/** A visitor's connection. */
export interface Visitor {
  /** As the relay's PROXY header tells it; undefined when it is not known. */
  address: string | undefined;
  /** Aborted when the connection has ended. */
  gone: AbortSignal;
}

/** Answers a visitor's request. The scheme of its URL says nothing: TLS has ended before. */
export type Site = (request: Request, visitor: Visitor) => Response | Promise<Response>;

/** Options for {@linkcode Front}. */
export interface FrontOptions {
  site: Site;
  log: Log;
  /** @default {setTimeout} */
  schedule?: Schedule;
}

/**
 * Where visitors' TLS ends, on the data connection itself; what is in it goes to an HTTP server
 * (HTTP/2 and HTTP/1.1) on a loopback port of this program.
 *
 * Not to an HTTPS server of Deno's: that has Nagle's algorithm on, so that pages came 40 ms late,
 * and one certificate for life. The TLS is on a stream of ours, not on a socket of node:net: there it
 * misses, at times, an end that comes while an upload is not read, and holds the connection for good.
 *
 * The HTTP server sees connections from this process only; who the visitor is stands in a table under
 * the port that the connection comes from, and a connection that is not in it (another program of
 * this computer) is turned away.
 */
export class Front {
  readonly #options: FrontOptions;
  readonly #visitors = new Map<number, Visitor>();
  readonly #serving = new Map<Duplex, Promise<unknown>>();
  readonly #stopping = new AbortController();
  readonly #schedule: Schedule;
  #server: Deno.HttpServer<Deno.NetAddr> | undefined;
  #context: SecureContext | undefined;

  constructor(options: FrontOptions) {
    this.#options = options;
    this.#schedule = options.schedule ?? scheduleTimeout;
  }

  /** The HTTP server's port on 127.0.0.1; undefined before the first {@linkcode Front.use}. */
  get port(): number | undefined {
    return this.#server?.addr.port;
  }

  /** Connections being served. */
  get connections(): number {
    return this.#serving.size;
  }

  /**
   * Serves new connections with this key and certificate; open ones keep theirs.
   *
   * @throws {Error} if they are not PEM or do not belong together.
   */
  use({ chain, key }: SavedIdentity): void {
    if (this.#stopping.signal.aborted) return;
    this.#context = createSecureContext({ cert: chain, key });
    this.#server ??= this.#listen();
  }

  /**
   * Serves one data connection, `head` first, until it ends; closes `conn`. Never rejects.
   *
   * @param address the visitor's, when it is known.
   */
  async serve(conn: Deno.TcpConn, head: Uint8Array, address: string | undefined): Promise<void> {
    let secure = false;
    const raw = connStream(conn, head, async () => {
      // Deno's TLSSocket closes the connection before its own alert is out.
      if (!secure) return await sendLastWords(conn, alertRecord("handshakeFailure"));
      closeQuietly(conn);
    });
    // Its errors come by the TLS on it too.
    raw.on("error", () => {});
    const closed = new Promise((resolve) => raw.once("close", resolve));
    const served = this.#serve(raw, address, () => secure = true);
    this.#serving.set(raw, served);
    try {
      await served;
    } catch (error) {
      this.#options.log.debug("A visitor's connection broke", { error });
    } finally {
      raw.destroy();
      await closed;
      this.#serving.delete(raw);
    }
  }

  /**
   * Lets open requests finish for `graceMs`, then ends every connection.
   *
   * Idle connections are closed at once: a browser keeps them for minutes.
   */
  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    // Not awaited: another program's connection to it could hold it up for ever.
    this.#server?.shutdown().catch(() => {});
    const timer = setTimeout(() => {
      for (const raw of this.#serving.keys()) raw.destroy();
    }, graceMs);
    await Promise.allSettled(this.#serving.values());
    clearTimeout(timer);
  }

  async #serve(
    raw: Duplex,
    address: string | undefined,
    onSecure: () => void,
  ): Promise<void> {
    if (this.#server === undefined || this.#stopping.signal.aborted) return;
    const tls = new TLSSocket(raw, {
      isServer: true,
      secureContext: this.#context,
      ALPNProtocols: PROTOCOLS,
    });
    const gone = new AbortController();
    const visitor = { address, gone: gone.signal };
    const late = new Error("the TLS handshake is late");
    let callOff = this.#schedule(() => tls.destroy(late), HANDSHAKE_MS);
    tls.once("secure", () => {
      callOff();
      onSecure();
    });
    const inner = connect({
      host: "127.0.0.1",
      port: this.#server.addr.port,
      noDelay: true,
      allowHalfOpen: true,
    });
    // A server that ended reads nothing more, but a visitor that does not close would hold the rest.
    let lingered = false;
    tls.once("finish", () => {
      callOff();
      callOff = this.#schedule(() => {
        lingered = true;
        tls.destroy();
      }, LINGER_MS);
    });
    inner.once("connect", () => {
      const port = inner.localPort!;
      this.#visitors.set(port, visitor);
      // The kernel may give the port to another from then on.
      inner.once("close", () => {
        if (this.#visitors.get(port) === visitor) this.#visitors.delete(port);
      });
    });
    try {
      await Promise.all([pipeline(tls, inner), pipeline(inner, tls)]);
    } catch (error) {
      if (!lingered) throw error;
    } finally {
      callOff();
      tls.destroy();
      inner.destroy();
      gone.abort();
    }
  }

  #listen(): Deno.HttpServer<Deno.NetAddr> {
    const { site, log } = this.#options;
    const server = Deno.serve({
      hostname: "127.0.0.1",
      port: 0,
      onListen() {},
      onError(error) {
        log.error("Cannot answer a visitor", { error });
        return new Response("Something went wrong here.\n", { status: 500 });
      },
    }, (request, info) => {
      const visitor = this.#visitors.get(info.remoteAddr.port);
      if (visitor === undefined) return new Response("Not a visitor.\n", { status: 403 });
      return site(request, visitor);
    });
    server.finished.catch(() => {}).then(() => this.#restart());
    return server;
  }

  /** A Deno server that once ran out of file descriptors accepts no more: start another. */
  async #restart(): Promise<void> {
    const { signal } = this.#stopping;
    // Whoever gets its port now is not to be sent what visitors say.
    this.#server = undefined;
    if (signal.aborted) return;
    this.#options.log.warn("The HTTP server of this program stopped, starting another");
    while (this.#server === undefined) {
      await sleep(RESTART_PAUSE_MS, signal);
      if (signal.aborted) return;
      try {
        this.#server ??= this.#listen();
      } catch (error) {
        this.#options.log.debug("Cannot start it yet", { error });
      }
    }
  }
}
