import { readAccount } from "../acme/account.ts";
import { openAcmeSession } from "../acme/session.ts";
import { createAcmeTransport } from "../acme/transport.ts";
import { caaContents, caaHolds, type CaaPolicy, caaRrset } from "../dns/caa.ts";
import { createPowerDns } from "../dns/power_dns.ts";

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
  /** Writes the records; otherwise they are only printed. */
  apply?: boolean;
  /** The authority's CAA identity, for servers that do not tell theirs. */
  identity?: string;
  pdnsApiUrl?: string;
  pdnsApiKey?: string;
  pdnsServerId?: string;
  write: (text: string) => void;
  /** Where to say what went wrong. @default {write} */
  writeError?: (text: string) => void;
}

/**
 * `glossond cert caa`: prints, and with `apply` writes, the CAA records that allow certificates for
 * BASE and all below it to this ACME server alone, for this relay's account alone, by dns-01 alone.
 *
 * @returns a value of {@linkcode CAA_EXIT}.
 */
export async function certCaa(options: CertCaaOptions): Promise<number> {
  const { baseDomain, apply = false, write, writeError = write } = options;
  try {
    const policy = await readPolicy(options);
    for (const content of caaContents(policy)) write(`${baseDomain}. IN CAA ${content}\n`);
    if (apply) await applyPolicy(policy, options);
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

async function applyPolicy(policy: CaaPolicy, options: CertCaaOptions): Promise<void> {
  const { baseDomain, pdnsApiUrl, pdnsApiKey, pdnsServerId, write } = options;
  if (pdnsApiUrl === undefined || pdnsApiKey === undefined) {
    throw new Error("Set GLOSSOND_PDNS_API_URL and POWERDNS_API_KEY to write the records");
  }
  const dns = createPowerDns({ apiUrl: pdnsApiUrl, apiKey: pdnsApiKey, serverId: pdnsServerId });
  const zone = await dns.findZone(baseDomain);
  const present = await dns.read(zone, baseDomain, "CAA");
  if (caaHolds(present, policy)) {
    write("They are there already.\n");
    return;
  }
  await dns.replace(zone, caaRrset(present, policy));
  const written = await dns.read(zone, baseDomain, "CAA");
  if (!caaHolds(written, policy)) {
    throw new Error("The records do not read back: something else writes CAA records there");
  }
  await dns.notify(zone).catch(() => {});
  write(`Written to zone ${zone.name}\n`);
}
