import { acceptLoop } from "../../../lib/net/accept_loop.ts";
import { closeQuietly, type Duplex } from "../../../lib/net/splice.ts";
import { type KeyAndChain, PROTOCOLS, type TlsEnd, type TlsEndOptions } from "./tls_end.ts";

/**
 * Ends TLS by `Deno.listenTls`, for runtimes without a node:tls server to rely on (before Deno 2.8):
 * small answers may wait 40 ms for an acknowledgement.
 *
 * @throws {Error} if the identity is of no use, or there is no port to be had.
 */
export function openDenoTlsEnd(options: TlsEndOptions): TlsEnd {
  const { admit, onSecure, log } = options;
  const closing = new AbortController();
  let current = listen(options.identity);

  function listen({ key, chain }: KeyAndChain): Deno.TlsListener {
    const listener = Deno.listenTls({
      hostname: "127.0.0.1",
      port: 0,
      cert: chain,
      key,
      alpnProtocols: PROTOCOLS,
    });
    acceptLoop({
      accept: () => listener.accept(),
      onConnection: (conn) => void take(conn),
      onError: (error) => log.debug("Visitors may not get in", { error }),
      signal: closing.signal,
    });
    return listener;
  }

  async function take(conn: Deno.TlsConn): Promise<void> {
    const { port } = conn.remoteAddr;
    let alpnProtocol: string | null = null;
    try {
      if (!await admit(port, conn)) return conn.close();
      ({ alpnProtocol } = await conn.handshake());
    } catch (error) {
      log.debug("A visitor's TLS handshake failed", { error });
      return closeQuietly(conn);
    }
    const isHttp2 = alpnProtocol === "h2";
    onSecure({ conn: new TlsDuplex(conn), port, serverName: undefined, isHttp2 });
  }

  return {
    get port() {
      return current.addr.port;
    },
    use(identity) {
      const previous = current;
      current = listen(identity);
      previous.close();
    },
    close() {
      closing.abort();
      current.close();
    },
  };
}

/** A connection that takes an end without TLS's word of it for the end that it is. */
class TlsDuplex implements Duplex {
  readonly #conn: Deno.TlsConn;

  constructor(conn: Deno.TlsConn) {
    this.#conn = conn;
  }

  async read(p: Uint8Array): Promise<number | null> {
    try {
      return await this.#conn.read(p);
    } catch (error) {
      if (error instanceof Deno.errors.UnexpectedEof) return null;
      throw error;
    }
  }

  write(p: Uint8Array): Promise<number> {
    return this.#conn.write(p);
  }

  closeWrite(): Promise<void> {
    return this.#conn.closeWrite();
  }

  close(): void {
    closeQuietly(this.#conn);
  }
}
