import { issuerReader } from "../acme/issuer.ts";
import { createAcmeTransport } from "../acme/transport.ts";
import { caaHolds, caaSet, caaValues } from "../dns/caa.ts";
import type { DnsProvider } from "../dns/provider.ts";
import type { Issuer } from "../store/caa.ts";

/** Options for {@linkcode certCaa}. */
export interface CertCaaOptions {
  stateDir: string;
  baseDomain: string;
  directoryUrl: string;
  /** PEM of a private ACME server's root. */
  caPem?: string;
  /** Opens what the records are written to; without it they are only printed. */
  applyTo?: () => DnsProvider | Promise<DnsProvider>;
  /** The authority's CAA identity, for servers that do not tell theirs. */
  identity?: string | undefined;
  write: (text: string) => void;
}

/**
 * `glossond cert caa`: prints, and with `applyTo` writes, the CAA records that allow certificates for
 * BASE and all below it to this ACME server alone, for this relay's account alone, by dns-01 alone.
 *
 * @throws {Error} when the account or the zone cannot be read, or the records not be written.
 */
export async function certCaa(options: CertCaaOptions): Promise<void> {
  const { baseDomain, applyTo, write } = options;
  const issuer = await readOwnIssuer(options);
  for (const value of caaValues(issuer)) write(`${baseDomain}. IN CAA ${value}\n`);
  if (applyTo !== undefined) await applyIssuer(issuer, await applyTo(), options);
}

async function readOwnIssuer(options: CertCaaOptions): Promise<Issuer> {
  const { stateDir, directoryUrl, caPem, identity } = options;
  const transport = createAcmeTransport({
    directoryUrl,
    caPem,
    userAgent: "glossond",
    now: Date.now,
  });
  try {
    return await issuerReader({ stateDir, directoryUrl, transport, identity })();
  } finally {
    transport.close();
  }
}

async function applyIssuer(
  issuer: Issuer,
  dns: DnsProvider,
  { baseDomain, write }: CertCaaOptions,
): Promise<void> {
  const zone = await dns.findZone(baseDomain);
  const present = await dns.read(zone, baseDomain, "CAA");
  if (caaHolds(present, issuer)) {
    write("They are there already.\n");
    return;
  }
  await dns.replace(zone, [caaSet(present, issuer)]);
  const written = await dns.read(zone, baseDomain, "CAA");
  if (!caaHolds(written, issuer)) {
    throw new Error("The records do not read back: something else writes CAA records there");
  }
  await dns.notify(zone).catch(() => {});
  write(`Written to zone ${zone.name}\n`);
}
