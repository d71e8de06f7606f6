import * as x509 from "@peculiar/x509";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

const DAY_MS = 86_400_000;

/** A certificate authority that lasts as long as the checks do. */
export class Authority {
  /** Its own certificate, PEM. */
  readonly pem: string;
  readonly #keys: CryptoKeyPair;
  readonly #certificate: x509.X509Certificate;

  private constructor(keys: CryptoKeyPair, certificate: x509.X509Certificate) {
    this.#keys = keys;
    this.#certificate = certificate;
    this.pem = certificate.toString("pem");
  }

  /** Makes an authority. */
  static async create(): Promise<Authority> {
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: "CN=Glosson conformance checks",
      keys,
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + 2 * DAY_MS),
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return new Authority(keys, certificate);
  }

  /** A certificate chain for a public key, PEM, leaf first. */
  async issue(names: string[], publicKey: x509.PublicKeyType): Promise<string> {
    const certificate = await x509.X509CertificateGenerator.create({
      subject: "",
      issuer: this.#certificate.subject,
      publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: ALGORITHM,
      notBefore: new Date(Date.now() - 60_000),
      notAfter: new Date(Date.now() + DAY_MS),
      serialNumber: crypto.randomUUID().replaceAll("-", "").replace(/^./, "1"),
      extensions: [
        new x509.SubjectAlternativeNameExtension(
          names.map((value) => ({ type: "dns", value })),
          true,
        ),
        // Strict verifiers want it (RFC 5280 section 4.2.1.1).
        await x509.AuthorityKeyIdentifierExtension.create(this.#keys.publicKey),
      ],
    });
    return `${certificate.toString("pem")}\n${this.pem}\n`;
  }

  /** A new key with a chain for it, PEM. */
  async pair(names: string[]): Promise<{ key: string; cert: string }> {
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
    const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
    return {
      key: x509.PemConverter.encode(pkcs8, "PRIVATE KEY"),
      cert: await this.issue(names, keys.publicKey),
    };
  }
}
