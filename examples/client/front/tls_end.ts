import type { TLSSocket } from "node:tls";
import type { Log } from "../../../lib/log.ts";
import type { Duplex } from "../../../lib/net/splice.ts";

/** A key and the certificate for it, both PEM. */
export interface KeyAndChain {
  key: string;
  /** Leaf first. */
  chain: string;
}

/** A connection whose TLS handshake is done; whoever gets it closes it. */
export type SecureConnection =
  & {
    /** The loopback port that it comes from. */
    port: number;
  }
  & ({ protocol: "http/1.1"; conn: Duplex } | { protocol: "h2"; socket: TLSSocket });

/** Where visitors' TLS ends: a server on a loopback port. */
export interface TlsEnd {
  /** Its port on 127.0.0.1. */
  readonly port: number;
  /**
   * Serves new connections with this from now on; open ones keep theirs.
   *
   * @throws {Error} if they are not PEM or do not belong together.
   */
  use(identity: KeyAndChain): void;
  /** Takes no more connections; those that are open stay. */
  close(): void;
}

/** Options of those that make a {@linkcode TlsEnd}. */
export interface TlsEndOptions {
  identity: KeyAndChain;
  /**
   * Whether a connection from this loopback port is a visitor's, and not another program's. It is
   * closed with the visit: a TLS server waits long for the rest of a handshake.
   */
  admit: (port: number, conn: { close(): void }) => Promise<boolean>;
  onSecure: (connection: SecureConnection) => void;
  log: Log;
}

/** Starts a {@linkcode TlsEnd}; rejects if the identity is of no use, or there is no port to be had. */
export type OpenTlsEnd = (options: TlsEndOptions) => Promise<TlsEnd> | TlsEnd;
