/**
 * Looking at a page from outside, as a visitor gets it: whose key answers, and through whom the bytes went.
 *
 * @module
 */
import tls from "node:tls";
import { X509Certificate } from "@peculiar/x509";
import { keyFingerprint } from "../../../lib/pki/key_fingerprint.ts";
import { shown } from "../problem.ts";

/** What a browser offers (RFC 7301). */
const ALPN = ["h2", "http/1.1"];

/** Where to look, and whom to ask for. */
export interface LookOptions {
  /** An address, or a name for the system's resolver. */
  host: string;
  port: number;
  /** The SNI; the certificate has to be for it. */
  serverName: string;
  /** Authorities to trust besides the system's, PEM. */
  ca?: string;
  signal: AbortSignal;
}

/** What a visitor sees of a TLS server. */
export interface Sight {
  /** {@linkcode keyFingerprint} of the leaf. */
  key: string;
  /** What was agreed on by ALPN; null where nothing was. */
  alpn: string | null;
  subject: string;
  issuer: string;
  /** Milliseconds since the epoch. */
  notAfter: number;
  /** Why a browser would not take the certificate: its chain, its names, its dates. */
  distrust?: string;
}

/**
 * Makes a TLS connection and tells who answered; it is closed again. The server has proved that it holds the key,
 * also where the certificate is one that browsers do not take.
 *
 * @throws {Error} if there was no handshake, or on abort.
 */
export async function look(options: LookOptions): Promise<Sight> {
  try {
    return await trustedLook(options);
  } catch (error) {
    options.signal.throwIfAborted();
    // Of one that nobody trusts, people want to know whose it is.
    const sight = await handshake(options, false).catch(() => undefined);
    if (sight === undefined) throw error;
    return { ...sight, distrust: shown((error as Error).message) };
  }
}

/** The same on one connection, which fails where a browser would not take the certificate. */
export function trustedLook(options: LookOptions): Promise<Sight> {
  return handshake(options, true);
}

function handshake(
  { host, port, serverName, ca, signal }: LookOptions,
  rejectUnauthorized: boolean,
): Promise<Sight> {
  return new Promise((resolve, reject) => {
    // A listener is never called for what has been aborted before.
    signal.throwIfAborted();
    const socket = tls.connect({
      ...{ host, port, servername: serverName, rejectUnauthorized },
      ALPNProtocols: ALPN,
      // In place of those of the runtime it would be taken alone.
      ...(ca !== undefined && { ca: [...tls.rootCertificates, ca] }),
    });
    const fail = (error: unknown): void => {
      socket.destroy();
      reject(error);
    };
    const onAbort = (): void => fail(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    socket.once("close", () => {
      signal.removeEventListener("abort", onAbort);
      reject(new Error("the connection was closed before the TLS handshake was done"));
    });
    socket.on("error", fail);
    socket.once("secureConnect", () => {
      try {
        resolve(sightOf(socket));
      } catch (error) {
        reject(error);
      }
      socket.destroy();
    });
  });
}

function sightOf(socket: tls.TLSSocket): Sight {
  const { raw } = socket.getPeerCertificate();
  if (raw === undefined) throw new Error("this runtime does not tell the server's certificate");
  const der = Uint8Array.from(raw);
  const { subject, issuer, notAfter } = new X509Certificate(der);
  return {
    key: keyFingerprint(der),
    alpn: socket.alpnProtocol || null,
    // Whoever answers chose the words: they are to pass for no line of this program's.
    subject: shown(subject),
    issuer: shown(issuer),
    notAfter: notAfter.getTime(),
  };
}
