import tls from "node:tls";
import { fingerprintOf } from "../pki/identity.ts";

/** How long a listener on this machine may take. */
const TIMEOUT_MS = 5_000;

/** A TLS listener to be asked for its certificate. */
export interface ServedAt {
  host: string;
  port: number;
  /** The SNI to send. */
  serverName: string;
}

/**
 * SHA-256 of the certificate that a listener serves, lower-case hex; undefined when nothing answers
 * there. Trust is not asked for: it may well be self-signed.
 */
export function servedFingerprint(
  { host, port, serverName }: ServedAt,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = tls.connect({
      host,
      port,
      servername: serverName,
      rejectUnauthorized: false,
      timeout: TIMEOUT_MS,
    });
    const end = (fingerprint?: string): void => {
      socket.destroy();
      resolve(fingerprint);
    };
    socket.once("secureConnect", () => {
      const { raw } = socket.getPeerCertificate();
      if (raw === undefined) return end();
      end(fingerprintOf(raw));
    });
    socket.once("timeout", () => end());
    socket.once("error", () => end());
  });
}
