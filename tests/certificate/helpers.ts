import { Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } from "@peculiar/x509";
import type { Log, LogFields, LogLevel } from "../../lib/log.ts";
import { must } from "../../scripts/run.ts";

/** A folder that is removed when its scope ends. */
export function temporaryFolder(): {
  path: string;
  [Symbol.asyncDispose](): Promise<void>;
} {
  const path = Deno.makeTempDirSync({ prefix: "glossond-test-" });
  return {
    path,
    async [Symbol.asyncDispose](): Promise<void> {
      await Deno.remove(path, { recursive: true });
    },
  };
}

/** Kinds of keys that OpenSSL makes for {@linkcode opensslRequest}. */
const KEY_OPTIONS = {
  "ecdsa-p256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
  "ecdsa-p384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
  "ecdsa-p521": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
  "explicit-ec": [
    ...["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    ...["-pkeyopt", "ec_param_enc:explicit"],
  ],
  "rsa-1024": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
  "rsa-4104": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4104"],
  "rsa-2048": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
  "rsa-e3": [
    ...["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    ...["-pkeyopt", "rsa_keygen_pubexp:3"],
  ],
  "rsa-pss": ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"],
  "ed25519": ["-algorithm", "ED25519"],
} as const;

/** What {@linkcode opensslRequest} is to make. */
export interface RequestOptions {
  key?: keyof typeof KEY_OPTIONS;
  subject?: string;
  /** The whole value of the extension, or null for none. */
  san?: string | null;
  hash?: string;
  /** More lines for OpenSSL's configuration file. */
  config?: string;
}

/** Makes a key and a request as a person with `openssl` would. */
export async function opensslRequest(
  folder: string,
  {
    key = "ecdsa-p256",
    subject = "/",
    san = "DNS:kaylee.glosson.test",
    hash = "sha256",
    config = "",
  }: RequestOptions = {},
): Promise<{ csr: string; key: string }> {
  const keyPem = await must("openssl", ["genpkey", ...KEY_OPTIONS[key]]);
  const stem = `${folder}/${crypto.randomUUID()}`;
  await Deno.writeTextFile(`${stem}.key`, keyPem);
  await Deno.writeTextFile(
    `${stem}.cnf`,
    `[req]\ndistinguished_name = dn\n[dn]\n[ext]\n${
      san === null ? "" : `subjectAltName = ${san}`
    }\n${config}\n`,
  );
  const extensions = san === null ? [] : ["-reqexts", "ext"];
  const csr = await must("openssl", [
    ...["req", "-new", "-config", `${stem}.cnf`, "-key", `${stem}.key`, `-${hash}`],
    ...["-subj", subject, ...extensions],
  ]);
  return { csr, key: keyPem };
}

/** Makes a request with WebCrypto, much faster than a process. */
export async function quickRequest(...names: string[]): Promise<string> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create({
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new SubjectAlternativeNameExtension(names.map((value) => ({ type: "dns" as const, value }))),
    ],
  });
  return request.toString("pem");
}

/** A log that remembers its lines. */
export interface RecordedLog extends Log {
  lines: { level: LogLevel; message: string; fields: LogFields }[];
  /** The lines as one text, to be searched. */
  text(): string;
}

/** Makes a log that remembers its lines. */
export function recordedLog(): RecordedLog {
  const lines: RecordedLog["lines"] = [];
  const at = (level: LogLevel) => (message: string, fields: LogFields = {}) => {
    lines.push({ level, message, fields });
  };
  return {
    lines,
    text: () =>
      lines.map(({ level, message, fields }) =>
        `${level} ${message} ${
          JSON.stringify(fields, (_, v) => v instanceof Error ? v.message : v)
        }`
      ).join("\n"),
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    debugEnabled: true,
  };
}

/** Waits until `condition` holds; fails with `what` after `withinMs`. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  withinMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!await condition()) {
    if (performance.now() > deadline) throw new Error(`Not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
