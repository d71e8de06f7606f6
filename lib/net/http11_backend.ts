import { acceptLoop } from "./accept_loop.ts";
import type { PortHandler } from "./https_backend.ts";
import { closeQuietly, type Duplex, splice } from "./splice.ts";
import type { CertificatePair, TlsBackend } from "./tls_front.ts";

/** What HTTP/2 begins with (RFC 9113 section 3.4), as far as no HTTP/1.1 request does. */
const HTTP2_PREFACE = "PRI * HTTP/2";

/** A plain connection behind a TLS one. */
interface Behind {
  /** Port that the TLS connection comes from. */
  port: number;
  /** Ends the connection after the answer that was just sent. */
  onAnswered: () => void;
}

/**
 * Starts an HTTPS server on loopback that speaks HTTP/1.1 only and closes after its answer; requests
 * that were sent without waiting for it may be answered too.
 *
 * `Deno.serve` always offers HTTP/2 over TLS, and keeps a connection open whatever the answer's
 * `Connection` field says. So TLS ends in a listener that does not offer HTTP/2, and plain text goes
 * on to a server behind it. How long a connection may last is the caller's to bound.
 */
export function startHttp11(pair: CertificatePair, handler: PortHandler): TlsBackend {
  /** By the port that the plain connection comes from. */
  const connections = new Map<number, Behind>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request, info) => {
      const behind = connections.get((info.remoteAddr as Deno.NetAddr).port);
      if (behind === undefined) return new Response(null, { status: 421 });
      info.completed.then(behind.onAnswered, behind.onAnswered);
      return handler(request, behind.port);
    },
  );
  const plainPort = (server.addr as Deno.NetAddr).port;
  let listener: Deno.TlsListener;
  try {
    listener = Deno.listenTls({
      hostname: "127.0.0.1",
      port: 0,
      cert: pair.cert,
      key: pair.key,
      alpnProtocols: ["http/1.1"],
    });
  } catch (error) {
    // Short of descriptors: leave none behind, since this is tried again and again.
    server.shutdown().catch(() => {});
    throw error;
  }

  async function serve(conn: Deno.TlsConn): Promise<void> {
    let port: number | undefined;
    try {
      await conn.handshake();
      const plain = await Deno.connect({ hostname: "127.0.0.1", port: plainPort });
      port = plain.localAddr.port;
      const once = new OneAnswer(plain);
      connections.set(port, {
        port: conn.remoteAddr.port,
        onAnswered: () => void once.answered(),
      });
      await splice(conn, once, { largestStep: 0 });
    } catch {
      // A visitor whose handshake fails: theirs to see, in the alert that the listener sent.
    } finally {
      if (port !== undefined) connections.delete(port);
      closeQuietly(conn);
    }
  }

  const stopping = new AbortController();
  acceptLoop({
    accept: () => listener.accept(),
    onConnection: serve,
    // Short of descriptors: the public listeners tell, and their connections are the cause.
    onError() {},
    signal: stopping.signal,
  });
  return {
    port: listener.addr.port,
    finished: server.finished,
    async stop() {
      stopping.abort();
      listener.close();
      await server.shutdown();
    },
  };
}

/** The way to a server that is sent nothing more once it has answered. */
class OneAnswer implements Duplex {
  readonly #conn: Duplex;
  #began = false;
  #answered = false;

  constructor(conn: Duplex) {
    this.#conn = conn;
  }

  /** Tells the server that nothing more comes, so that it closes once its answer is out. */
  async answered(): Promise<void> {
    if (this.#answered) return;
    this.#answered = true;
    await this.#conn.closeWrite().catch(() => {});
  }

  read(p: Uint8Array): Promise<number | null> {
    return this.#conn.read(p);
  }

  write(p: Uint8Array): Promise<number> {
    if (!this.#began) {
      this.#began = true;
      // The server would take it at its word, though TLS agreed on HTTP/1.1.
      const start = String.fromCharCode(...p.subarray(0, HTTP2_PREFACE.length));
      if (start === HTTP2_PREFACE) throw new Deno.errors.InvalidData("HTTP/2 was not agreed on");
    }
    return this.#answered ? Promise.resolve(p.length) : this.#conn.write(p);
  }

  closeWrite(): Promise<void> {
    return this.#answered ? Promise.resolve() : this.#conn.closeWrite();
  }

  close(): void {
    this.#conn.close();
  }
}
