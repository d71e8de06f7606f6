import { parseIp } from "../wire/ip_address.ts";
import { readIdentity, type TlsIdentity } from "./identity.ts";

/** Long enough to outlast any order; it is thrown away when a signed one arrives. */
const LIFETIME_MS = 365 * 86_400_000;

/** Begins a little earlier, for visitors whose clocks are behind. */
const BACKDATE_MS = 3_600_000;

/**
 * Makes a certificate that only this relay vouches for, to be served until a signed one is there.
 *
 * The library for it is imported here: a relay needs it once in its life, and no other start should wait for it.
 * Its key is RSA, the one kind that node-forge signs with; WebCrypto makes it (0.1 s, not seconds).
 */
export async function selfSignedIdentity(
  names: readonly string[],
  now: number,
): Promise<TlsIdentity> {
  const { default: forge } = await import("node-forge");
  const pair = await crypto.subtle.generateKey(
    {
      name: "RSASSA-PKCS1-v1_5",
      hash: "SHA-256",
      modulusLength: 2048,
      publicExponent: new Uint8Array([1, 0, 1]),
    },
    true,
    ["sign", "verify"],
  );
  const der = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
  const asn1 = forge.asn1.fromDer(forge.util.createBuffer(der));
  const privateKey = forge.pki.privateKeyFromAsn1(asn1);

  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.setRsaPublicKey(privateKey.n, privateKey.e);
  // A leading 01 keeps the number positive and 16 bytes long, whatever the random ones are.
  certificate.serialNumber = "01" + forge.util.bytesToHex(forge.random.getBytesSync(15));
  certificate.validity.notBefore = new Date(now - BACKDATE_MS);
  certificate.validity.notAfter = new Date(now + LIFETIME_MS);
  const subject = [{ name: "commonName", value: "glossond, waiting for its certificate" }];
  certificate.setSubject(subject);
  certificate.setIssuer(subject);
  certificate.setExtensions([
    { name: "basicConstraints", cA: false, critical: true },
    { name: "keyUsage", digitalSignature: true, keyEncipherment: true, critical: true },
    { name: "extKeyUsage", serverAuth: true },
    {
      name: "subjectAltName",
      // GeneralName choices of RFC 5280: 2 is dNSName, 7 is iPAddress.
      altNames: names.map((name) =>
        parseIp(name) !== undefined ? { type: 7, ip: name } : { type: 2, value: name }
      ),
    },
  ]);
  certificate.sign(privateKey, forge.md.sha256.create());

  const info = forge.pki.wrapRsaPrivateKey(forge.pki.privateKeyToAsn1(privateKey));
  return await readIdentity(
    forge.pki.certificateToPem(certificate).replaceAll("\r\n", "\n"),
    forge.pki.privateKeyInfoToPem(info).replaceAll("\r\n", "\n"),
  );
}
