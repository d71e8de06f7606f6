import type { Log } from "../log.ts";
import { openStateFolder } from "../file/state_folder.ts";
import type { TlsIdentity } from "../pki/identity.ts";
import type { Authority, CertificateOrder } from "./authority.ts";
import { RenewalLoop } from "./renewal_loop.ts";

export type { TlsIdentity } from "../pki/identity.ts";

/** Options for {@linkcode startRelayCertificate}. */
export interface RelayCertificateOptions {
  authority: Authority;
  /** Names that the certificate must carry: BASE, `*.BASE`, and for the local authority loopback. */
  names: readonly string[];
  stateDir: string;
  /**
   * `come` resolves when it is this process that renews what several of a state folder serve: until then it waits
   * for what another stores. It is ended when the loop is. @default at once
   */
  turn?: { come: Promise<void>; end: () => void };
  log: Log;
  /**
   * Called with every certificate that takes the place of `current()`, after the swap, and awaited;
   * a rejection is logged.
   */
  onChange: (identity: TlsIdentity) => void | Promise<void>;
  /** Clock in milliseconds since the epoch. @default {Date.now} */
  now?: () => number;
  /** As `Math.random`, for jitter. @default {Math.random} */
  random?: () => number;
  /** How often the loop looks at clock and file, in milliseconds. @default {2000} */
  tickMs?: number;
}

/** What {@linkcode RelayCertificate.status} tells; times in milliseconds since the epoch. */
export interface RelayCertificateStatus {
  names: string[];
  issuer: string;
  notBefore: number;
  notAfter: number;
  selfSigned: boolean;
  /** When the next order is due; 0 when it is due at once. */
  renewAt: number;
  /** Why the authority wants it renewed then, when it says so. */
  explanation?: string;
  /** Whether an order runs now. */
  ordering: boolean;
  /** Failures in a row. */
  failures: number;
  lastError?: string;
  lastAttemptAt?: number;
  /** After a failure: when the next try comes. */
  nextAttemptAt?: number;
}

/** The relay's certificate and the loop that keeps it fresh. */
export interface RelayCertificate {
  current(): TlsIdentity;
  /**
   * Orders a new certificate at once (or joins the order that runs, whose further steps are not told);
   * rejects when it fails, with {@linkcode OrderBusyError} when another process is ordering.
   */
  renewNow(onStep?: CertificateOrder["onStep"]): Promise<void>;
  status(): RelayCertificateStatus;
  /** Ends the loop; resolves when an order under way has cleaned up. */
  stop(): Promise<void>;
}

/**
 * Loads or makes the relay's certificate and keeps it fresh until stopped.
 *
 * Resolves with something to serve: the stored certificate, else from the local authority a new
 * one, else a self-signed one while the first order runs. Failed orders are logged, counted and
 * tried again with growing pauses; they never end the loop and never replace what is served.
 */
export async function startRelayCertificate(
  options: RelayCertificateOptions,
): Promise<RelayCertificate> {
  openStateFolder(options.stateDir);
  return await RenewalLoop.start(options);
}
