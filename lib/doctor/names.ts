import { existsSync } from "node:fs";
import { readNames } from "../store/open.ts";
import type { KeptNames } from "../store/kept_names.ts";
import { storePlaceOf } from "../store_place.ts";
import { CAA } from "../dns/caa.ts";
import { CHALLENGE, findChallengePlace, namesUpTo } from "../dns/challenge_place.ts";
import { nameCaa } from "../dns/name_caa.ts";
import { compareRecords, inForce, type NameReport } from "../dns/name_records.ts";
import { byName, wildcardAbove, type ZoneSets } from "../dns/name_source.ts";
import type { DnsProvider, DnsZone } from "../dns/provider.ts";
import { openProvider } from "../dns_provider.ts";
import type { Settings } from "../config/settings.ts";
import { hostOfUser } from "../wire/names.ts";
import { type Finding, ok, skipped, warning } from "./finding.ts";

const CHECK = "users' names in the DNS";

/** Names that are told one by one. */
const SHOWN = 3;

/** Compares where each user's names are with where the wildcard is, and their CAA records with what users want. */
export async function checkNames(settings: Settings): Promise<Finding> {
  if (settings.authority !== "acme") {
    return skipped(CHECK, "are not written with the local authority");
  }
  const { baseDomain, stateDir } = settings;
  try {
    if (!existsSync(stateDir)) return skipped(CHECK, "are none yet");
    const kept = await readNames(await storePlaceOf(settings));
    const names = hostsOf(kept, baseDomain);
    // Tries once: what is wrong with the server is told by its own check.
    const dns = await openProvider(settings, { retryForMs: 0 });
    const zone = await dns.findZone(baseDomain);
    const sets = byName(await dns.readZone(zone));
    return await checkChallenges(dns, zone, [baseDomain, ...names], sets) ??
      checkCaaOf(zone, names, sets, nameCaa(baseDomain, kept.caa, kept.issuers)) ??
      checkAddresses(zone, baseDomain, names, sets);
  } catch (error) {
    return skipped(CHECK, `could not be compared: ${(error as Error).message}`);
  }
}

/** Users' hosts, each with those below it that are in use. */
function hostsOf({ usernames, below }: KeptNames, baseDomain: string): string[] {
  return usernames.flatMap((username) => {
    const host = hostOfUser(username, baseDomain);
    return [host, ...[...below.get(username) ?? []].map((label) => `${label}.${host}`)];
  });
}

/** A name cannot be proven where its challenge is led out of the server's zones, or given to other servers. */
async function checkChallenges(
  dns: DnsProvider,
  zone: DnsZone,
  names: readonly string[],
  sets: ZoneSets,
): Promise<Finding | undefined> {
  const has = (name: string, type: string): boolean =>
    inForce(sets.get(name) ?? []).some((set) => set.type === type);
  for (const name of names) {
    const challenge = CHALLENGE + name;
    const isLed = has(challenge, "CNAME") ||
      namesUpTo(zone, challenge).some((each) => has(each, "NS"));
    if (!isLed) continue;
    const fault = await findChallengePlace(dns, challenge).then(() => "", (why) => why.message);
    const [, what = fault, fix = ""] = /^(.*): (.*)$/.exec(fault) ?? [];
    if (fault) return warning(CHECK, `${name} can be given no certificate: ${what}`, fix);
  }
}

/** A user who wants nobody else to have certificates takes it that the records are there. */
function checkCaaOf(
  zone: DnsZone,
  names: readonly string[],
  sets: ZoneSets,
  caa: ReturnType<typeof nameCaa>,
): Finding | undefined {
  for (const name of names) {
    if (caa.isUnknown(name)) {
      return warning(
        CHECK,
        `${name} has not the CAA records that its user wants: no relay has told yet which account it orders with`,
        "let the relay order once, and set GLOSSOND_CAA_IDENTITY where the ACME server does not tell its name",
      );
    }
    const wanted = caa.at(name);
    if (wanted === undefined) continue;
    const [set] = inForce(sets.get(name) ?? []).filter(({ type }) => type === CAA);
    const found = set?.values ?? [];
    if (`${found.toSorted()}` === `${wanted.toSorted()}`) continue;
    return warning(
      CHECK,
      `${name} has not the CAA records that its user wants, but ${found.join(" and ") || "none"}`,
      `the relay writes them within the hour, unless others are in the way: remove those, or its CNAME, from zone ${zone.name}; its log tells why`,
    );
  }
}

function checkAddresses(
  zone: DnsZone,
  baseDomain: string,
  names: readonly string[],
  sets: ZoneSets,
): Finding {
  const wildcard = `*.${baseDomain}`;
  const own = inForce(sets.get(wildcard) ?? []);
  const source = own.length > 0
    ? own
    : wildcardAbove(baseDomain, zone.name, sets, new Set(names)) ?? [];
  const reports = names.map((name) => ({ name, ...compareRecords(source, sets.get(name) ?? []) }));
  const nowhere = reports.filter(({ state }) => state === "nowhere");
  if (nowhere.length > 0) {
    return warning(
      CHECK,
      `${list(nowhere, ({ name }) => name)} ${
        are(nowhere)
      } no address, and there is no ${wildcard}`,
      `add A and AAAA records for ${wildcard}, or for each user's name, to zone ${zone.name}`,
    );
  }
  const there = existing(zone, sets);
  const hidden = reports.filter(({ name, state }) =>
    state === "wildcard" &&
    namesUpTo(zone, name).some((each) => each.endsWith(`.${baseDomain}`) && there.has(each))
  );
  if (hidden.length > 0) {
    return warning(
      CHECK,
      `${list(hidden, ({ name }) => name)} ${
        are(hidden)
      } no address: where records stand at a name or below it, ${wildcard} answers no more (RFC 4592)`,
      `let the relay run, which writes them within the hour (its log tells why not), or add A and AAAA records to zone ${zone.name}`,
    );
  }
  const others = reports.filter(({ state }) => state === "differs");
  if (others.length > 0) {
    const at = list(others, ({ name, addresses }) => `${name} is at ${addresses.join(", ")}`);
    return warning(
      CHECK,
      `${at}, but ${wildcard} at ${others[0]!.wildcard.join(", ") || "no address"}`,
      "remove the names' own records if nobody wants them there: the relay then writes its own, and keeps " +
        "those as the wildcard is",
    );
  }
  const same = reports.filter(({ state }) => state === "same").length;
  return ok(
    CHECK,
    `${names.length} names are where ${wildcard} is, ${same} by records of their own`,
  );
}

/** The names that exist in a zone: those with records, and those between them and its apex (RFC 4592 section 2.2.2). */
function existing(zone: DnsZone, sets: ZoneSets): Set<string> {
  const there = [...sets].filter(([, all]) => inForce(all).length > 0).map(([name]) => name);
  // Challenges last for seconds.
  return new Set(
    there.filter((name) => !name.startsWith(CHALLENGE))
      .flatMap((name) => [name, ...namesUpTo(zone, name)]),
  );
}

function list<T extends NameReport>(reports: readonly T[], show: (report: T) => string): string {
  const more = reports.length - SHOWN;
  const shown = reports.slice(0, SHOWN).map(show).join(", ");
  return more > 0 ? `${shown} and ${more} more` : shown;
}

function are(reports: readonly unknown[]): string {
  return reports.length === 1 ? "has" : "have";
}
