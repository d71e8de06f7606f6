/**
 * What an authority is, and the relay's own certificate: kept, renewed, reported on; and the embedded
 * authority for trials. Imports the ground floor and `pki`.
 *
 * @module
 */
/** What an authority is asked for. */
export interface CertificateOrder {
  /** The certificate signing request, PEM; its names and key have been checked by the caller. */
  csr: string;
  /** The DNS names that the certificate must carry, lower case; a wildcard begins with `*.`. */
  names: readonly string[];
  /** Told of each step as a short constant sentence plus data, for logs and terminals. */
  onStep?: (step: string, fields?: Record<string, unknown>) => void;
  /**
   * Told once the authority has been asked to sign: from here on the certificate counts against its
   * limits, whatever becomes of the order here.
   */
  onSpent?: () => void;
  /** Ends the order early; the authority cleans up before it rejects with the signal's reason. */
  signal?: AbortSignal;
  /** PEM of the certificate that this one replaces, when there is one (RFC 9773 `replaces`). */
  replaces?: string;
}

/** When an authority wants a certificate renewed (RFC 9773, section 4.2); times in milliseconds. */
export interface RenewalWindow {
  start: number;
  end: number;
  /** When to ask again. */
  askAgainAt: number;
  /** Page that says why, when the authority names one. */
  explanation?: string;
}

/** Signs certificates: the embedded one in `local_ca.ts`, any RFC 8555 server in `acme.ts`. */
export interface Authority {
  /** `local` or `acme`, for people. */
  readonly kind: "local" | "acme";
  /**
   * Names the signing party for good: a directory URL, a root's fingerprint. A stored certificate
   * of another source is replaced at once; without it every stored certificate will do.
   */
  readonly source?: string;
  /**
   * Signs the request and returns the PEM chain, leaf first: the same one again where it is asked for anew before
   * `forget`.
   *
   * @throws {OrderRefusedError} when asking again would be answered the same.
   * @throws {OrderHeldUpError} when a server of the relay's own is away.
   * @throws {Error} when the authority cannot be reached or something in the way is broken; the
   * message names the cause and the fix in one sentence.
   */
  issue(order: CertificateOrder): Promise<string>;
  /**
   * Told that what a request came to is stored, or of no use, so that the next order of it is another one. Absent
   * where a certificate costs nothing. Never rejects: where that cannot be noted, the same order may be found again.
   */
  forget?(csr: string): Promise<void>;
  /** Asks when to renew this PEM certificate; undefined when the authority does not say. */
  renewalWindow?(certificate: string): Promise<RenewalWindow | undefined>;
}

/** An order that the authority will never fulfil as it stands, so that nobody retries it. */
export class OrderRefusedError extends Error {
  override name = "OrderRefusedError";
}

/**
 * An order that a server of the relay's own is in the way of, as one that starts again: the authority has failed
 * nothing, and soon is soon enough to try it again.
 */
export class OrderHeldUpError extends Error {
  override name = "OrderHeldUpError";
}

/** An order to be asked for again, but not before a time that the authority named. */
export class OrderPostponedError extends Error {
  override name = "OrderPostponedError";
  /** Earliest time to ask again, milliseconds since the epoch. */
  readonly until: number;

  constructor(message: string, until: number, options?: ErrorOptions) {
    super(message, options);
    this.until = until;
  }
}
