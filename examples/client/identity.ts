import {
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  X509Certificate,
} from "@peculiar/x509";
import type { KeyType } from "./arguments.ts";
import type { SavedIdentity } from "./state.ts";

/** A key and a certificate that were found to belong together, with what renewal has to know. */
export interface Identity extends SavedIdentity {
  /** Milliseconds since the epoch. */
  notBefore: number;
  /** Milliseconds since the epoch. */
  notAfter: number;
}

/** A fresh private key and the request to have it certified, both PEM. */
export interface KeyAndRequest {
  key: string;
  csr: string;
}

const ALGORITHMS = {
  ecdsa: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  rsa: {
    name: "RSASSA-PKCS1-v1_5",
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: "SHA-256",
  },
} as const;

/** Makes a key that stays on this computer, and a CSR that names exactly `hostname` (as SAN). */
export async function makeKeyAndRequest(
  hostname: string,
  keyType: KeyType,
): Promise<KeyAndRequest> {
  const algorithm = ALGORITHMS[keyType];
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const csr = await Pkcs10CertificateRequestGenerator.create({
    keys,
    signingAlgorithm: algorithm,
    extensions: [new SubjectAlternativeNameExtension([{ type: "dns", value: hostname }])],
  });
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
  return { key: pem("PRIVATE KEY", pkcs8), csr: `${csr.toString("pem")}\n` };
}

/**
 * Checks that a certificate chain is for `hostname`, valid at `now` and for this very key.
 *
 * The chain up to an authority is not judged: that is the visitor's browser's to do.
 *
 * @throws {Error} if it cannot be used, naming why.
 */
export async function checkIdentity(
  saved: SavedIdentity,
  hostname: string,
  now: number,
): Promise<Identity> {
  let leaf: X509Certificate;
  try {
    // The first PEM block: the chain comes leaf first.
    leaf = new X509Certificate(/-----BEGIN C[^]+?-----END C[^\n]+/.exec(saved.chain)![0]);
  } catch {
    throw new Error("Cannot use certificate: it is not readable");
  }
  const names = leaf.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
  if (!names.some((name) => name.type === "dns" && name.value.toLowerCase() === hostname)) {
    throw new Error(`Cannot use certificate: it is not for ${hostname}`);
  }
  const notBefore = leaf.notBefore.getTime();
  const notAfter = leaf.notAfter.getTime();
  if (now >= notAfter) {
    throw new Error(`Cannot use certificate: it expired at ${leaf.notAfter.toISOString()}`);
  }
  if (!(await fits(saved.key, leaf))) {
    throw new Error("Cannot use certificate: it is for another private key");
  }
  return { ...saved, notBefore, notAfter };
}

/** Whether the private key signs what the certificate's public key verifies. */
async function fits(key: string, leaf: X509Certificate): Promise<boolean> {
  const type = leaf.publicKey.algorithm.name === "ECDSA" ? "ecdsa" : "rsa";
  const algorithm = ALGORITHMS[type];
  const proof = new TextEncoder().encode("key and certificate belong together");
  try {
    const privateKey = await crypto.subtle.importKey("pkcs8", der(key), algorithm, false, ["sign"]);
    const publicKey = await leaf.publicKey.export(algorithm, ["verify"]);
    const signature = await crypto.subtle.sign(algorithm, privateKey, proof);
    return await crypto.subtle.verify(algorithm, publicKey, signature, proof);
  } catch {
    // Another kind of key than the certificate's.
    return false;
  }
}

function pem(label: string, bytes: Uint8Array): string {
  const lines = bytes.toBase64().replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

function der(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromBase64(text.replace(/-----[^-]+-----|\s/g, ""));
}
