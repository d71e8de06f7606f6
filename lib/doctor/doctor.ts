/**
 * The checks of `glossond doctor`: each finds what is wrong by itself, and says how to put it right.
 * Imports all of `lib`.
 *
 * @module
 */
import { readCaFile, relayNames } from "../authority.ts";
import { openRelayStore } from "../certificate/store.ts";
import type { Settings } from "../config/settings.ts";
import { checkAddresses } from "./addresses.ts";
import { checkBio } from "./bio.ts";
import { checkCaa } from "./caa.ts";
import { checkDatabase } from "./database.ts";
import { checkDns } from "./dns.ts";
import { fault, type Finding } from "./finding.ts";
import { checkNameServers } from "./name_servers.ts";
import { checkNames } from "./names.ts";
import { checkPaths } from "./paths.ts";
import { checkPeers } from "./peers.ts";
import { checkPowerDns } from "./power_dns.ts";
import { checkPorts } from "./ports.ts";
import {
  checkCertificate,
  checkHandOver,
  checkRelay,
  checkState,
  findRelay,
  isRunning,
} from "./relay.ts";
import { checkRfc2136 } from "./rfc2136.ts";
import { checkAcme } from "./services.ts";
import { checkTrouble } from "./trouble.ts";

/** The check of each way to write to the zone. */
const PROVIDER_CHECKS: Record<Settings["dns"], (settings: Settings) => Promise<Finding[]>> = {
  powerdns: checkPowerDns,
  rfc2136: checkRfc2136,
};

/** Options for {@linkcode examine}. */
export interface ExamineOptions {
  settings: Settings;
  /** Clock in milliseconds since the epoch. @default {Date.now} */
  now?: () => number;
}

/** Checks everything that the relay needs; changes nothing. Each check fails by itself. */
export async function examine(options: ExamineOptions): Promise<Finding[]> {
  const { settings, now = Date.now } = options;
  const { stateDir } = settings;
  const caFile = await readCaFile(settings).catch((error: Error) => error);
  const caPem = caFile instanceof Error ? undefined : caFile;
  const certificate = (await openRelayStore(stateDir).read().catch(() => undefined))?.identity.cert;
  const relay = await findRelay(stateDir);
  const dns = await checkDns(settings.baseDomain, settings.dnsServers);
  const checks: (Finding | Finding[] | Promise<Finding | Finding[]>)[] = [
    // First: where it does not run, nothing that it answers is worth a line.
    checkRelay(settings, relay),
    checkState(settings),
    checkDatabase(settings, now),
    checkPeers(settings),
    checkHandOver(),
    caFile instanceof Error
      ? fault("ACME trust", caFile.message, "give the path of a PEM file that can be read")
      : [],
    dns.findings,
    checkCaa(settings),
    checkAcme(settings, caPem, now),
    PROVIDER_CHECKS[settings.dns](settings),
    checkNameServers(settings),
    checkNames(settings),
    checkCertificate(settings, relayNames(settings), relay, now),
    relay === "off" ? checkPorts(settings) : checkPaths({
      settings,
      addresses: dns.addresses,
      ...(certificate !== undefined && { certificate }),
    }),
    relay === "off" ? [] : checkAddresses(settings, dns.addresses),
    checkBio(settings, isRunning(relay) ? relay : undefined),
    checkTrouble(settings),
  ];
  const groups = await Promise.allSettled(checks);
  return groups.flatMap((group) => group.status === "fulfilled" ? group.value : failed(group));
}

/** Of a check that could not be done, as beside a relay whose answers are another version's. */
function failed({ reason }: PromiseRejectedResult): Finding {
  const fix =
    "restart the relay where it is of another version than this command, else report this";
  return fault("doctor", `a check failed: ${(reason as Error).message}`, fix);
}
