import { DOMAIN_RECORD } from "../../../lib/wire/domain_name.ts";
import { Api } from "../api.ts";
import { usableIdentity } from "../identity.ts";
import { takeLock } from "../lock.ts";
import { RelayProblem, shown } from "../problem.ts";
import type { Account } from "../records.ts";
import { openRelayHttp } from "../relay_http.ts";
import type { SetupWorld } from "../setup.ts";
import { acmeAccount } from "./acme_account.ts";
import type { AcmeTerms } from "./acme.ts";
import type { DomainOptions } from "./arguments.ts";
import { type AcmeAccount, KeptDomains } from "./kept.ts";

/** Word for this in a relay's `features`. */
const FEATURE = "own-domains";

/** First and longest pause between two looks at the DNS, milliseconds: a relay grants 60 an hour. */
const POLL_MS = { first: 5_000, longest: 90_000 } as const;

/** The longest pause that a relay may ask for and is waited out, milliseconds. */
const LONGEST_ASKED_MS = 15 * 60_000;

/** How long a running `glosson run` may take for the certificate, and between looks, milliseconds. */
const CERTIFICATE_MS = { patience: 180_000, look: 1_000 } as const;

/** What the commands need of the world around them. */
export type DomainWorld = Pick<SetupWorld, "state" | "say" | "now" | "sleep">;

type AddOptions = Extract<DomainOptions, { action: "add" }>;

/**
 * Does what `glosson domain` is asked for.
 *
 * @throws {Error} with a message for the person; what was reached is kept.
 */
export async function domainCommand(options: DomainOptions, world: DomainWorld): Promise<void> {
  const { state, now } = world;
  const account = await state.neededAccount();
  const relay = new URL(account.relay);
  const http = openRelayHttp(relay, await state.ca());
  try {
    const api = new Api({ relay, http, token: account.token, now });
    const kept = new KeptDomains(state);
    if (options.action === "list") return await list(api, kept, world);
    if (options.action === "add") return await add(options, { account, api, kept, world });
    await api.removeDomain(options.domain);
    await kept.remove(options.domain);
    world.say(`${options.domain} leads to you no more. Take its records out of the DNS.`);
  } finally {
    http.close();
  }
}

interface Adding {
  account: Account;
  api: Api;
  kept: KeptDomains;
  world: DomainWorld;
}

async function add(options: AddOptions, adding: Adding): Promise<void> {
  const { account: { hostname }, api, kept, world } = adding;
  const { domain } = options;
  const { say } = world;
  if (!(await api.relayInfo()).features?.includes(FEATURE)) {
    throw new Error("This relay routes no domains of your own; ask its operator for a newer one");
  }
  const others = [
    ...(await kept.list()).filter((other) => other !== domain),
    ...adding.account.certificateBy === "own" ? [hostname] : [],
  ];
  const { acme, terms } = await acmeAccount({ ...options, others }, kept, world);
  say(`Have ${domain} lead to ${hostname}, by one of these records in its DNS:

    ${domain}.  CNAME  ${hostname}.
    ${DOMAIN_RECORD}${domain}.  TXT  "${hostname}"    (with addresses as ${hostname} has them)

Waiting for it; the same command goes on after Ctrl-C.`);
  await waitUntilItLeads(domain, api, world);
  await kept.add(domain);
  say(`${domain} leads to you.\n\n${caaAdvice(domain, acme, terms)}\n`);
  await waitForCertificate(domain, kept, world);
}

async function waitUntilItLeads(domain: string, api: Api, world: DomainWorld): Promise<void> {
  const { say, sleep } = world;
  let told = "";
  for (let pause: number = POLL_MS.first;; pause = Math.min(pause * 1.5, POLL_MS.longest)) {
    let asked = 0;
    try {
      await api.putDomain(domain);
      return;
    } catch (error) {
      if (!(error instanceof RelayProblem)) throw error;
      const { code, message, retryAfterMs } = error;
      asked = retryAfterMs ?? 0;
      const isPassing = code === "domain-not-pointed" || code === "rate-limited";
      if (!isPassing || asked > LONGEST_ASKED_MS) throw error;
      if (message !== told) say(`Not yet: ${told = message}`);
    }
    await sleep(Math.max(asked, pause));
  }
}

/** The records that let nobody but this account have certificates for the domain (RFC 8657). */
function caaAdvice(domain: string, { url }: AcmeAccount, { caaIdentities }: AcmeTerms): string {
  const [authority] = caaIdentities;
  if (authority === undefined) {
    return "The authority tells no name for CAA records, so none can bar the others.";
  }
  const value = `${shown(authority)}; accounturi=${shown(url)}; validationmethods=tls-alpn-01`;
  return `To let nobody else have certificates for it, the relay included, set these records too. They cannot
stand beside a CNAME: take the TXT record, or set them for the domain above.

    ${domain}.  CAA  0 issue "${value}"
    ${domain}.  CAA  0 issuewild ";"`;
}

/** Waits for the certificate, where a `glosson run` is there to get it. */
async function waitForCertificate(
  domain: string,
  kept: KeptDomains,
  { state, say, now, sleep }: DomainWorld,
): Promise<void> {
  const giveUpAt = now() + CERTIFICATE_MS.patience;
  for (let waited = false; now() < giveUpAt; waited = true) {
    const saved = await kept.identity(domain);
    const identity = saved && usableIdentity(saved, domain, now());
    if (identity !== undefined) {
      const until = new Date(identity.notAfter).toISOString();
      return say(
        `Your page is at https://${domain} as well; its certificate is good until ${until}.`,
      );
    }
    const lock = await takeLock(state.path("lock"));
    lock?.release();
    if (lock !== undefined) return say("Its certificate comes with the next glosson run.");
    if (!waited) say("The glosson run that is here gets its certificate...");
    await sleep(CERTIFICATE_MS.look);
  }
  say(
    "There is no certificate yet: what glosson run says tells why, and it tries again by itself.",
  );
}

async function list(
  api: Api,
  kept: KeptDomains,
  { say, now }: DomainWorld,
): Promise<void> {
  const routed = (await api.account()).domains ?? [];
  const known = await kept.list();
  const all = [...new Set([...known, ...routed])];
  if (all.length === 0) return say("You have no domain of your own: glosson domain add DOMAIN");
  for (const domain of all) {
    const saved = await kept.identity(domain);
    const identity = saved && usableIdentity(saved, domain, now());
    const leads = routed.includes(domain) ? "leads to you" : "LEADS ELSEWHERE: mend its records";
    const certificate = identity === undefined
      ? "no certificate here"
      : `certificate good until ${new Date(identity.notAfter).toISOString()}`;
    say(`${domain}: ${leads}; ${certificate}`);
  }
}
