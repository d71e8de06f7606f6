import { readAccount } from "../acme/account.ts";
import type { Settings } from "../config/settings.ts";
import { nameServerOf } from "./dns.ts";
import { fault, type Finding, ok, skipped, warning } from "./finding.ts";

const CHECK = "CAA of the base domain";

/** How long one question may take. */
const QUESTION_TIMEOUT_MS = 5_000;

/** A CAA property that says who may sign. */
interface Property {
  tag: "issue" | "issuewild";
  value: string;
}

/**
 * Checks that not every authority may sign certificates for the base domain and users' names below it, and
 * that this relay's may.
 */
export async function checkCaa(
  settings: Pick<
    Settings,
    "authority" | "baseDomain" | "dnsServers" | "stateDir" | "acmeDirectoryUrl"
  >,
): Promise<Finding> {
  const { authority, baseDomain, dnsServers, stateDir, acmeDirectoryUrl } = settings;
  if (authority === "local") return skipped(CHECK, "no public authority signs here");
  try {
    const found = await closest(baseDomain, nameServerOf(dnsServers));
    // One that only says where to report restricts nobody.
    if (found !== undefined && found.properties.length > 0) {
      const account = await readAccount(stateDir, acmeDirectoryUrl).catch(() => undefined);
      return refusal(found, account?.url) ?? judge(found, baseDomain);
    }
    return warning(
      CHECK,
      `${baseDomain} has no CAA record: any authority may sign for it, and for every user's name`,
      "run `glossond cert caa --apply`: this authority alone then, for this relay's account alone",
    );
  } catch (error) {
    return warning(
      CHECK,
      `the CAA records of ${baseDomain} cannot be looked up: ${(error as Error).message}`,
      "check this machine's resolver (/etc/resolv.conf) or GLOSSOND_DNS_SERVERS; authorities refuse to sign then",
    );
  }
}

/** Who is let in, and its parameters by their names in lower case (RFC 8659 section 4.2). */
function partsOf(value: string): Partial<Record<string, string>> {
  const [issuer, ...parameters] = value.split(";").map((part) => part.trim());
  const named = parameters.flatMap((part) => {
    const [, name, told] = /^([^\s=]+)\s*=\s*(\S*)$/.exec(part) ?? [];
    return name === undefined ? [] : [[name.toLowerCase(), told]];
  });
  return { ...Object.fromEntries(named), issuer };
}

/** Why no order of the relay's can succeed: of BASE by `issue`, of `*.BASE` by `issuewild` if there is any. */
function refusal({ name, properties }: Found, account: string | undefined): Finding | undefined {
  const of = (tag: string): Property[] => properties.filter((each) => each.tag === tag);
  const [issue, wild] = [of("issue"), of("issuewild")];
  const isLetIn = ({ value }: Property): boolean => {
    const { issuer, accounturi: uri, validationmethods: methods } = partsOf(value);
    if (issuer === "") return false;
    if (methods !== undefined && !methods.split(",").includes("dns-01")) return false;
    return uri === undefined || account === undefined || uri === account;
  };
  const refusing = [issue, wild].find((set) => set.length > 0 && !set.some(isLetIn));
  if (refusing === undefined) return undefined;
  return fault(
    CHECK,
    `${name} allows ${
      refusing.map(({ value }) => value || "nobody").join(", ")
    }, and not this relay's account${
      account === undefined ? "" : ` ${account}`
    }: the authority refuses each order`,
    "run `glossond cert caa --apply`; of several relays write what it prints at each into the zone, all of it",
  );
}

function judge({ name, properties }: Found, baseDomain: string): Finding {
  const values = properties.map(({ value }) => value);
  const detail = `${name} allows ${values.join(", ") || "nobody"}`;
  const isBound = (value: string): boolean => {
    const { issuer, accounturi } = partsOf(value);
    return issuer === "" || accounturi !== undefined;
  };
  if (values.every(isBound)) {
    return ok(CHECK, detail);
  }
  return warning(
    CHECK,
    `${detail}: any account there may order for ${baseDomain}, whoever's`,
    "run `glossond cert caa --apply`, which names this relay's account (RFC 8657)",
  );
}

/** What stands at the closest name that has such records. */
interface Found {
  name: string;
  properties: Property[];
}

/** Who may sign by the closest name that has such records, as authorities look them up (RFC 8659 section 3). */
async function closest(
  baseDomain: string,
  nameServer: ReturnType<typeof nameServerOf>,
): Promise<Found | undefined> {
  const labels = baseDomain.split(".");
  for (let i = 0; i < labels.length; i++) {
    const name = labels.slice(i).join(".");
    const records = await Deno.resolveDns(`${name}.`, "CAA", {
      signal: AbortSignal.timeout(QUESTION_TIMEOUT_MS),
      ...(nameServer !== undefined && { nameServer }),
    }).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    });
    if (records.length === 0) continue;
    const properties = records.flatMap(({ tag, value }): Property[] => {
      const known = tag.toLowerCase();
      return known === "issue" || known === "issuewild" ? [{ tag: known, value }] : [];
    });
    return { name, properties };
  }
}
