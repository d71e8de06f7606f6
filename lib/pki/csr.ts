import { createPublicKey, type KeyObject } from "node:crypto";
import { checkNames, EXTENSION_REQUEST_OID, Refusal } from "./csr_names.ts";
import {
  ExtensionsAttribute,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
} from "@peculiar/x509";

/** Longest request looked at; one with a 4096-bit RSA key has about 1,700 characters. */
const MAX_CSR_CHARACTERS = 16 * 1024;

/** Fewest and most bits of an RSA modulus (PROTOCOL section 1; CAs sign nothing larger either). */
const RSA_BITS = { min: 2048, max: 4096 };

/** Public exponents that CAs accept: odd, from 65537 to below 2^32, which also bounds our work. */
const RSA_EXPONENT = { min: 65_537n, max: 2n ** 32n };

/** ECDSA curves accepted: the name OpenSSL has for it, and ours. */
const CURVES: Readonly<Record<string, string>> = {
  prime256v1: "ecdsa-p256",
  "P-256": "ecdsa-p256",
  secp384r1: "ecdsa-p384",
  "P-384": "ecdsa-p384",
};

/** One white space and no more before the body, which may have more: what could be either costs a second to try. */
const REQUEST_PEM =
  /-----BEGIN (NEW )?CERTIFICATE REQUEST-----\s([A-Za-z0-9+/=\s]+)-----END (NEW )?CERTIFICATE REQUEST-----/g;
const PRIVATE_KEY_PEM = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/;

/** What {@linkcode checkCsr} found. */
export type CsrCheck =
  | {
    ok: true;
    /** `rsa-2048` (or its size), `ecdsa-p256`, `ecdsa-p384`. */
    keyType: string;
    /** The request alone, in plain PEM: no text around it, no second block. */
    pem: string;
    /** The labels before `hostname` that it names besides, sorted. */
    below: string[];
  }
  | {
    ok: false;
    /** What is wrong and what fixes it, one sentence for a person. */
    reason: string;
  };

/**
 * Checks a user's certificate signing request (PKCS#10, RFC 2986) in PEM before any authority sees
 * it: it names exactly `hostname` (one SAN; CN absent or equal), is signed by its own key, and the
 * key is RSA of 2048 to 4096 bits or ECDSA on P-256 or P-384.
 *
 * @param maxBelow how many names of one label below `hostname` it may name besides.
 *
 * Never throws on bad input, and does bounded work on any.
 */
export async function checkCsr(
  pem: string,
  hostname: string,
  maxBelow = 0,
): Promise<CsrCheck> {
  try {
    const request = parseRequest(pem);
    const below = checkNames(request, hostname, maxBelow);
    const keyType = checkKey(request);
    await checkSignature(request);
    return { ok: true, keyType, pem: request.toString("pem") + "\n", below };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, reason: error.message };
    return { ok: false, reason: "The request cannot be read as PKCS#10: make a new one" };
  }
}

/**
 * The names of a request that was checked or made here, lower case.
 *
 * @throws {TypeError} when it cannot be read.
 */
export function requestNames(pem: string): string[] {
  const extension = new Pkcs10CertificateRequest(pem)
    .getAttributes(EXTENSION_REQUEST_OID)
    .flatMap((attribute) => attribute instanceof ExtensionsAttribute ? attribute.items : [])
    .find((item) => item instanceof SubjectAlternativeNameExtension);
  return extension?.names.items.map((name) => name.value.toLowerCase()) ?? [];
}

/** DER of the public key (SubjectPublicKeyInfo) of a request that was checked, as the runtime writes it. */
export function requestKey(pem: string): Uint8Array {
  const key = readKey(new Uint8Array(new Pkcs10CertificateRequest(pem).publicKey.rawData));
  return new Uint8Array(key.export({ type: "spki", format: "der" }));
}

function parseRequest(pem: string): Pkcs10CertificateRequest {
  if (pem.length > MAX_CSR_CHARACTERS) {
    throw new Refusal(
      `The request has ${pem.length} characters, the limit is ${MAX_CSR_CHARACTERS}: send only the request`,
    );
  }
  // With the key its owner alone was to have, nobody can tell any more who serves the name.
  if (PRIVATE_KEY_PEM.test(pem)) {
    throw new Refusal(
      "A private key was sent, which is no secret any more: make a new one, send only the request",
    );
  }
  const blocks = [...pem.matchAll(REQUEST_PEM)];
  const body = blocks[0]?.[2];
  if (body === undefined) {
    throw new Refusal("No PEM block `CERTIFICATE REQUEST` was found: send the CSR in PEM");
  }
  if (blocks.length > 1) throw new Refusal("More than one request was sent: send exactly one");
  const der = Uint8Array.fromBase64(body);
  if (der.length !== derLength(der)) {
    throw new Refusal("The request is cut short or has bytes behind its end: make a new one");
  }
  return new Pkcs10CertificateRequest(der);
}

/** Length that the outermost DER element claims, header included; 0 when it is not a SEQUENCE. */
function derLength(der: Uint8Array): number {
  const [tag, first = 0] = der;
  if (tag !== 0x30) return 0;
  if (first < 0x80) return 2 + first;
  // Two length bytes reach 64 KiB, more than MAX_CSR_CHARACTERS of base64 can hold.
  const bytes = first - 0x80;
  if (bytes < 1 || bytes > 2) return 0;
  let length = 0;
  for (const byte of der.subarray(2, 2 + bytes)) length = length * 256 + byte;
  return 2 + bytes + length;
}

function checkKey(request: Pkcs10CertificateRequest): string {
  const key = readKey(new Uint8Array(request.publicKey.rawData));
  const details = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "rsa") {
    const { modulusLength: bits = 0, publicExponent: exponent = 0n } = details;
    if (bits < RSA_BITS.min || bits > RSA_BITS.max) {
      throw new Refusal(
        `The RSA key has ${bits} bits: use ${RSA_BITS.min} to ${RSA_BITS.max}, or ECDSA P-256`,
      );
    }
    if (exponent < RSA_EXPONENT.min || exponent >= RSA_EXPONENT.max || exponent % 2n === 0n) {
      throw new Refusal("The RSA key has an unusual public exponent: use 65537");
    }
    return `rsa-${bits}`;
  }
  const curve = CURVES[details.namedCurve ?? ""];
  if (key.asymmetricKeyType === "ec" && curve !== undefined) return curve;
  throw new Refusal(
    `The key is ${details.namedCurve ?? key.asymmetricKeyType}: use ECDSA P-256 or P-384, or RSA`,
  );
}

function readKey(spki: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: spki as unknown as string, format: "der", type: "spki" });
  } catch {
    // The runtime reads no RSA key that is larger, for one.
    const { min, max } = RSA_BITS;
    throw new Refusal(
      `The key cannot be read: use ECDSA P-256 or P-384, or RSA of ${min} to ${max} bits`,
    );
  }
}

async function checkSignature(request: Pkcs10CertificateRequest): Promise<void> {
  const { hash } = request.signatureAlgorithm as { hash?: { name?: string } };
  if (hash?.name === "SHA-1" || hash?.name === undefined) {
    throw new Refusal("The request is signed with an outdated hash: use SHA-256");
  }
  // An error means here that the signature does not even have the form its algorithm asks for.
  const valid = await request.verify().catch(() => false);
  if (!valid) {
    throw new Refusal("The signature does not fit the request: make a new one with its own key");
  }
}
