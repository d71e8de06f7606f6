import type { Log } from "../../../lib/log.ts";
import type { Duplex } from "../../../lib/net/splice.ts";

/** A key and the certificate for it, both PEM. */
export interface KeyAndChain {
  key: string;
  /** Leaf first. */
  chain: string;
}

/** A connection whose TLS handshake is done. */
export interface SecureConnection {
  /** What is within TLS. Whoever gets it closes it. */
  conn: Duplex;
  /** The loopback port that it comes from. */
  port: number;
  /** Whom it asked for by SNI, where that is known. */
  serverName: string | undefined;
  /** Whether HTTP/2 was agreed on. */
  isHttp2: boolean;
}

/** What visitors may speak within TLS, by preference (RFC 7301). */
export const PROTOCOLS = ["h2", "http/1.1", "http/1.0"];

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
  /** How long a handshake may take, milliseconds. */
  handshakeMs: number;
  log: Log;
}

/** Starts a {@linkcode TlsEnd}; rejects if the identity is of no use, or there is no port to be had. */
export type OpenTlsEnd = (options: TlsEndOptions) => Promise<TlsEnd> | TlsEnd;
