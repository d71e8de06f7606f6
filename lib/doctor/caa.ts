import type { Settings } from "../config/settings.ts";
import { nameServerOf } from "./dns.ts";
import { type Finding, ok, skipped, warning } from "./finding.ts";

const CHECK = "CAA of the base domain";

/** How long one question may take. */
const QUESTION_TIMEOUT_MS = 5_000;

/** Checks that not every authority may sign certificates for the base domain and users' names below it. */
export async function checkCaa(
  { authority, baseDomain, dnsServers }: Pick<Settings, "authority" | "baseDomain" | "dnsServers">,
): Promise<Finding> {
  if (authority === "local") return skipped(CHECK, "no public authority signs here");
  try {
    const found = await closest(baseDomain, nameServerOf(dnsServers));
    if (found !== undefined) return judge(found.name, found.values, baseDomain);
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

function judge(name: string, values: readonly string[], baseDomain: string): Finding {
  const detail = `${name} allows ${values.join(", ") || "nobody"}`;
  if (values.every((value) => value.startsWith(";") || value.includes("accounturi="))) {
    return ok(CHECK, detail);
  }
  return warning(
    CHECK,
    `${detail}: any account there may order for ${baseDomain}, whoever's`,
    "run `glossond cert caa --apply`, which names this relay's account (RFC 8657)",
  );
}

/** Who may sign by the closest name that has such records, as authorities look them up (RFC 8659 section 3). */
async function closest(
  baseDomain: string,
  nameServer: ReturnType<typeof nameServerOf>,
): Promise<{ name: string; values: string[] } | undefined> {
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
    const values = records.filter(({ tag }) => /^issue(wild)?$/i.test(tag)).map(({ value }) =>
      value
    );
    return { name, values };
  }
}
