/** What an authority is asked for. */
export interface CertificateOrder {
  /** The certificate signing request, PEM; its names and key have been checked by the caller. */
  csr: string;
  /** The DNS names that the certificate must carry, lower case; a wildcard begins with `*.`. */
  names: readonly string[];
  /** Told of each step as a short constant sentence plus data, for logs and terminals. */
  onStep?: (step: string, fields?: Record<string, unknown>) => void;
  /** Ends the order early; the authority cleans up before it rejects with the signal's reason. */
  signal?: AbortSignal;
  /** PEM of the certificate that this one replaces, when there is one (RFC 9773 `replaces`). */
  replaces?: string;
}

/** Signs certificates: the embedded one in `local_ca.ts`, any RFC 8555 server in `acme.ts`. */
export interface Authority {
  /** `local` or `acme`, for people. */
  readonly kind: "local" | "acme";
  /**
   * Signs the request and returns the PEM chain, leaf first.
   *
   * @throws {Error} when the authority refuses or cannot be reached; the message names the cause
   * and the mend in one sentence.
   */
  issue(order: CertificateOrder): Promise<string>;
}
