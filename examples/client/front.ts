import { connect, type Socket } from "node:net";
import { pipeline } from "node:stream/promises";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import type { Log } from "../../lib/log.ts";
import { type Schedule, scheduleTimeout } from "../../lib/net/schedule.ts";
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

/** Answers a visitor's request. The scheme of its URL is `http`: TLS has ended before. */
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
 * and one certificate for life. The HTTP server sees connections from this process only; who the
 * visitor is stands in a table under the port that the connection comes from, and a connection that
 * is not in it (another program of this computer) is turned away.
 */
export class Front {
  readonly #options: FrontOptions;
  readonly #visitors = new Map<number, Visitor>();
  readonly #serving = new Map<Socket, Promise<unknown>>();
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

  /** Serves one data connection until it ends; closes `socket`. Never rejects. */
  async serve(socket: Socket, address: string | undefined): Promise<void> {
    const served = this.#serve(socket, address);
    this.#serving.set(socket, served);
    try {
      await served;
    } catch (error) {
      this.#options.log.debug("A visitor's connection broke", { error });
    } finally {
      socket.destroy();
      this.#serving.delete(socket);
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
      for (const socket of this.#serving.keys()) socket.destroy();
    }, graceMs);
    await Promise.allSettled(this.#serving.values());
    clearTimeout(timer);
  }

  async #serve(socket: Socket, address: string | undefined): Promise<void> {
    if (this.#server === undefined || this.#stopping.signal.aborted) return;
    const tls = new TLSSocket(socket, {
      isServer: true,
      secureContext: this.#context,
      ALPNProtocols: PROTOCOLS,
    });
    const gone = new AbortController();
    const late = new Error("the TLS handshake is late");
    let callOff = this.#schedule(() => tls.destroy(late), HANDSHAKE_MS);
    tls.once("secure", () => callOff());
    const inner = connect({
      host: "127.0.0.1",
      port: this.#server.addr.port,
      noDelay: true,
      allowHalfOpen: true,
    });
    // A server that ended reads nothing more, but a visitor that does not close would hold the rest.
    inner.once("end", () => {
      callOff();
      callOff = this.#schedule(() => tls.destroy(), LINGER_MS);
    });
    let port = 0;
    inner.once("connect", () => {
      port = inner.localPort!;
      this.#visitors.set(port, { address, gone: gone.signal });
    });
    try {
      await Promise.all([pipeline(tls, inner), pipeline(inner, tls)]);
    } finally {
      callOff();
      tls.destroy();
      inner.destroy();
      gone.abort();
      this.#visitors.delete(port);
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
    if (signal.aborted) return;
    this.#options.log.warn("The HTTP server of this program stopped, starting another");
    await sleep(RESTART_PAUSE_MS, signal);
    if (!signal.aborted) this.#server = this.#listen();
  }
}
