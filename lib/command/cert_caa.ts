import { readAccount } from "../acme/account.ts";
import { openAcmeSession } from "../acme/session.ts";
import { createAcmeTransport } from "../acme/transport.ts";
import { caaHolds, type CaaPolicy, caaSet, caaValues } from "../dns/caa.ts";
import type { DnsProvider } from "../dns/provider.ts";

/** Exit codes of `glossond cert caa`. */
export const CAA_EXIT = {
  /** Printed, or written. */
  done: 0,
  failed: 1,
} as const;

/** Options for {@linkcode certCaa}. */
export interface CertCaaOptions {
  stateDir: string;
  baseDomain: string;
  directoryUrl: string;
  /** PEM of a private ACME server's root. */
  caPem?: string;
  /** Opens what the records are written to; without it they are only printed. */
  applyTo?: () => DnsProvider;
  /** The authority's CAA identity, for servers that do not tell theirs. */
  identity?: string;
  write: (text: string) => void;
  /** Where to say what went wrong. @default {write} */
  writeError?: (text: string) => void;
}

/**
 * `glossond cert caa`: prints, and with `applyTo` writes, the CAA records that allow certificates for
 * BASE and all below it to this ACME server alone, for this relay's account alone, by dns-01 alone.
 *
 * @returns a value of {@linkcode CAA_EXIT}.
 */
export async function certCaa(options: CertCaaOptions): Promise<number> {
  const { baseDomain, applyTo, write, writeError = write } = options;
  try {
    const policy = await readPolicy(options);
    for (const value of caaValues(policy)) write(`${baseDomain}. IN CAA ${value}\n`);
    if (applyTo !== undefined) await applyPolicy(policy, applyTo(), options);
    return CAA_EXIT.done;
  } catch (error) {
    writeError(`${error instanceof Error ? error.message : error}\n`);
    return CAA_EXIT.failed;
  }
}

async function readPolicy(options: CertCaaOptions): Promise<CaaPolicy> {
  const { stateDir, directoryUrl, caPem, identity } = options;
  const account = await readAccount(stateDir, directoryUrl);
  if (account?.url === undefined) {
    throw new Error(
      `There is no account at ${directoryUrl} yet: let the daemon or \`glossond cert renew\` order first`,
    );
  }
  if (identity !== undefined) return { authority: identity, accountUrl: account.url };
  const transport = createAcmeTransport({
    directoryUrl,
    caPem,
    userAgent: "glossond",
    now: Date.now,
  });
  try {
    const { meta } = await openAcmeSession(transport, directoryUrl, account).directory();
    const [authority] = meta?.caaIdentities ?? [];
    if (authority === undefined) {
      throw new Error("The ACME server does not tell its CAA identity: name it with --identity");
    }
    return { authority, accountUrl: account.url };
  } finally {
    transport.close();
  }
}

async function applyPolicy(
  policy: CaaPolicy,
  dns: DnsProvider,
  { baseDomain, write }: CertCaaOptions,
): Promise<void> {
  const zone = await dns.findZone(baseDomain);
  const present = await dns.read(zone, baseDomain, "CAA");
  if (caaHolds(present, policy)) {
    write("They are there already.\n");
    return;
  }
  await dns.replace(zone, [caaSet(present, policy)]);
  const written = await dns.read(zone, baseDomain, "CAA");
  if (!caaHolds(written, policy)) {
    throw new Error("The records do not read back: something else writes CAA records there");
  }
  await dns.notify(zone).catch(() => {});
  write(`Written to zone ${zone.name}\n`);
}
