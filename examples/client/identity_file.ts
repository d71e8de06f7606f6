import type { SavedIdentity } from "./records.ts";

/** Reads key and certificate chain of one file, not yet judged; undefined where one of them is not there. */
export function readIdentityFile(pem: string): SavedIdentity | undefined {
  const blocks = pem.match(/-----BEGIN ([A-Z ]+)-----[^-]+-----END \1-----/g) ?? [];
  const key = blocks.filter((block) => block.includes("PRIVATE KEY"));
  const chain = blocks.filter((block) => block.includes("BEGIN CERTIFICATE"));
  if (key[0] === undefined || chain.length === 0) return undefined;
  const renewAfter = /^renew-after: (\S+)$/m.exec(pem)?.[1];
  return { key: `${key[0]}\n`, chain: `${chain.join("\n")}\n`, renewAfter };
}

/** What is written; text before the first PEM block is a remark to PEM readers. */
export function identityFile({ key, chain, renewAfter }: SavedIdentity): string {
  const remark = renewAfter === undefined ? "" : `renew-after: ${renewAfter}\n`;
  return `${remark}${key.trim()}\n${chain.trim()}\n`;
}
