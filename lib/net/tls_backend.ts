/** A certificate chain and its private key, both PEM. */
export interface CertificatePair {
  cert: string;
  key: string;
}

/** A TLS server on a loopback port of its own, serving one certificate for its whole life. */
export interface TlsBackend {
  port: number;
  /** Settles when the server stops, by itself or by `stop`. */
  finished: Promise<void>;
  /** Ends each connection once what was asked on it is answered; those where nothing is, at once. */
  endKept(): void;
  /** Closes the server and its connections. */
  stop(): Promise<void>;
}
