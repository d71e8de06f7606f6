import { SubjectAlternativeNameExtension, X509Certificate } from "@peculiar/x509";
import { isPair } from "../../lib/pki/identity.ts";
import type { SavedIdentity } from "./records.ts";

/** A key and a certificate that were found to belong together, with what renewal has to know. */
export interface Identity extends SavedIdentity {
  /** The names that it is for, lower case. */
  names: string[];
  /** Milliseconds since the epoch. */
  notBefore: number;
  /** Milliseconds since the epoch. */
  notAfter: number;
}

/**
 * Checks that a certificate chain is for `hostname`, valid at `now` and for this very key.
 *
 * The chain up to an authority is not judged: that is the visitor's browser's to do.
 *
 * @throws {Error} if it cannot be used, naming why.
 */
export function checkIdentity(
  saved: SavedIdentity,
  hostname: string,
  now: number,
): Identity {
  let leaf: X509Certificate;
  try {
    // The first PEM block: the chain comes leaf first.
    leaf = new X509Certificate(/-----BEGIN C[^]+?-----END C[^\n]+/.exec(saved.chain)![0]);
  } catch {
    throw new Error("Cannot use certificate: it is not readable");
  }
  const names = (leaf.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [])
    .filter(({ type }) => type === "dns").map(({ value }) => value.toLowerCase());
  if (!names.includes(hostname)) {
    throw new Error(`Cannot use certificate: it is not for ${hostname}`);
  }
  const notBefore = leaf.notBefore.getTime();
  const notAfter = leaf.notAfter.getTime();
  if (now >= notAfter) {
    throw new Error(`Cannot use certificate: it expired at ${leaf.notAfter.toISOString()}`);
  }
  if (!fits(saved.key, leaf)) {
    throw new Error("Cannot use certificate: it is for another private key");
  }
  return { ...saved, names, notBefore, notAfter };
}

/** The same for who has no use for the reason: undefined if it cannot be used. */
export function usableIdentity(
  saved: SavedIdentity,
  hostname: string,
  now: number,
): Identity | undefined {
  try {
    return checkIdentity(saved, hostname, now);
  } catch {
    return undefined;
  }
}

function fits(key: string, leaf: X509Certificate): boolean {
  try {
    return isPair(new Uint8Array(leaf.publicKey.rawData), key);
  } catch {
    // It cannot be read.
    return false;
  }
}
