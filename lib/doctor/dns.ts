import { parseIp } from "../wire/ip_address.ts";
import { hostOfRelay } from "../wire/names.ts";
import type { HostPort } from "../config/values.ts";
import { fault, type Finding, ok, skipped, warning } from "./finding.ts";

/** How long one question may take. */
const QUESTION_TIMEOUT_MS = 5_000;

/** The addresses of the relay's names, and what was found about them. */
export interface DnsResult {
  findings: Finding[];
  /** Addresses of the base domain; empty when it has none. */
  addresses: string[];
}

/** Checks that the base domain, the relay's host and a random name below it lead to one place. */
export async function checkDns(
  baseDomain: string,
  servers: readonly HostPort[],
): Promise<DnsResult> {
  if (baseDomain === "localhost" || baseDomain.endsWith(".localhost")) {
    const detail = `${baseDomain} is this machine by itself (RFC 6761)`;
    return { findings: [skipped("DNS", detail)], addresses: ["127.0.0.1"] };
  }
  const nameServer = nameServerOf(servers);
  const lookup = (name: string): Promise<string[] | Error> => addressesOf(name, nameServer);
  const random = `doctor-${crypto.randomUUID().slice(0, 8)}.${baseDomain}`;
  const [base, relay, wildcard] = await Promise.all(
    [baseDomain, hostOfRelay(baseDomain), random].map(lookup),
  );
  const findings = [
    judge("DNS of the base domain", baseDomain, base!, baseDomain),
    judge("DNS of the relay's host", hostOfRelay(baseDomain), relay!, `*.${baseDomain}`),
    judge("DNS of users' names", random, wildcard!, `*.${baseDomain}`),
  ];
  const addresses = base instanceof Error ? [] : base!;
  if (findings.every(({ state }) => state === "ok") && `${base}` !== `${wildcard}`) {
    findings.push(warning(
      "DNS",
      `${baseDomain} is at ${base}, names below it at ${wildcard}`,
      "give both the same A and AAAA records: one relay serves all of them",
    ));
  }
  return { findings, addresses };
}

/** The first server that is given by its address, as `Deno.resolveDns` takes it; undefined for the system's. */
export function nameServerOf(
  servers: readonly HostPort[],
): { ipAddr: string; port: number } | undefined {
  return servers.map(({ host, port }) => ({ ipAddr: host, port }))
    .find(({ ipAddr }) => parseIp(ipAddr) !== undefined);
}

function judge(check: string, name: string, found: string[] | Error, record: string): Finding {
  if (found instanceof Error) {
    return fault(
      check,
      `${name} cannot be looked up: ${found.message}`,
      "check this machine's resolver (/etc/resolv.conf) or GLOSSOND_DNS_SERVERS",
    );
  }
  if (found.length > 0) return ok(check, `${name} is at ${found.join(", ")}`);
  return fault(
    check,
    `${name} has no address`,
    `add an A record (and AAAA) for ${record} to the zone; where it has one, dig ${name} tells whether its name servers, or their DNSSEC, fail`,
  );
}

/** The addresses of a name, sorted; none where it has none. */
export async function addressesOf(
  name: string,
  nameServer: { ipAddr: string; port: number } | undefined,
): Promise<string[] | Error> {
  const options = {
    signal: AbortSignal.timeout(QUESTION_TIMEOUT_MS),
    ...(nameServer !== undefined && { nameServer }),
  };
  const answers = await Promise.allSettled([
    Deno.resolveDns(name, "A", options),
    Deno.resolveDns(name, "AAAA", options),
  ]);
  const found = answers.flatMap((answer) => answer.status === "fulfilled" ? answer.value : []);
  if (found.length > 0) return found.sort();
  const failed = answers.map((answer) => answer.status === "rejected" ? answer.reason : undefined)
    .find((reason) => reason !== undefined && !(reason instanceof Deno.errors.NotFound));
  return failed === undefined ? [] : failed as Error;
}
