import * as x509 from "@peculiar/x509";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** Object identifier of the subject alternative name. */
const SAN = "2.5.29.17";

/** Dates of a certificate; both default to around now. */
export interface Dates {
  notBefore?: Date;
  notAfter?: Date;
}

const DAY_MS = 86_400_000;

/** A certificate authority for checks and tests, which signs what it is told. */
export class Authority {
  /** Certificate of the authority, PEM. */
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
      name: "CN=Glosson checks and tests",
      keys,
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + 30 * DAY_MS),
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return new Authority(keys, certificate);
  }

  /** A certificate chain for a public key, PEM. */
  async issue(
    names: string[],
    publicKey: x509.PublicKeyType,
    { notBefore, notAfter }: Dates = {},
  ): Promise<string> {
    const certificate = await x509.X509CertificateGenerator.create({
      subject: "",
      issuer: this.#certificate.subject,
      publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: ALGORITHM,
      notBefore: notBefore ?? new Date(Date.now() - 60_000),
      notAfter: notAfter ?? new Date(Date.now() + 20 * DAY_MS),
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

  /** A chain for the key and names of a CSR, PEM. */
  async sign(csr: string, dates?: Dates): Promise<string> {
    const request = new x509.Pkcs10CertificateRequest(csr);
    if (!(await request.verify())) throw new Error("Cannot sign: the CSR is not self-signed");
    const extension = request.getExtension(SAN)!;
    const { items } = new x509.SubjectAlternativeNameExtension(extension.rawData).names;
    return await this.issue(items.map((name) => name.value), request.publicKey, dates);
  }

  /** A new key with a chain for it, PEM. */
  async pair(names: string[], dates?: Dates): Promise<{ key: string; cert: string }> {
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
    const pkcs8 = new Uint8Array(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
    return {
      key: `-----BEGIN PRIVATE KEY-----\n${pkcs8.toBase64()}\n-----END PRIVATE KEY-----\n`,
      cert: await this.issue(names, keys.publicKey, dates),
    };
  }
}
