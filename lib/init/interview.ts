import type { Setting } from "../config/setting.ts";
import { SETTINGS, type Settings } from "../config/settings.ts";
import { oneOf } from "../config/values.ts";
import type { Profile } from "./bio_script.ts";
import { fitted, frontOf } from "./front.ts";
import { hasOwnScript, type Machine } from "./machine.ts";

/** Something to be known. */
export interface Question {
  text: string;
  /** What the program is told instead of being asked: an option, or another way. */
  insteadOf: string;
  /** What an empty answer stands for. */
  fallback?: string;
  /** Whether the answer is not to be seen. */
  secret?: boolean;
  /** Throws a TypeError that completes "It …". */
  check: (answer: string) => unknown;
}

/** Asks a person, or takes the fallback; undefined when there is neither. */
export type Ask = (question: Question) => Promise<string | undefined>;

/** What was said before anything is asked. */
export interface Given {
  /** Values of settings by their name without prefix. */
  settings: Record<string, string>;
  /** The secret of the DNS server. */
  secret?: string;
  front?: string;
  apache?: string;
  profile: Partial<Profile>;
}

/** All that has to be known. */
export interface Answers {
  /** Values of settings by their name without prefix, in the order of the settings file. */
  settings: Record<string, string>;
  /** Name and value of the secret; absent where no zone is written to. */
  secret?: [name: string, value: string];
  /** Who has ports 80 and 443: HAProxy, or glossond alone. */
  front: "haproxy" | "alone";
  /** Whether an Apache of this machine has sites of its own. */
  apache: boolean;
  /** Where users' bios are; absent as long as nobody said so. */
  profile?: Profile;
}

const FRONTS = oneOf("haproxy", "alone");
const YES_OR_NO = oneOf("yes", "no");

/**
 * Asks for what cannot be found out.
 *
 * @throws {TypeError} when something was said that cannot be; the message names it and the fix.
 * @returns undefined when something is not answered; `ask` was called for all of it.
 */
export async function interview(
  machine: Machine,
  given: Given,
  ask: Ask,
): Promise<Answers | undefined> {
  let complete = true;
  async function answer(said: string | undefined, question: Question): Promise<string> {
    if (said !== undefined) checkSaid(said, question);
    const value = said ?? await ask(question);
    if (value === undefined) complete = false;
    return value ?? "";
  }
  const before = kept(machine);
  const frontBefore = frontOf(before) ??
    { front: machine.haproxy ? "haproxy" : "alone", apache: machine.apache };
  const settings: Record<string, string> = {};
  /** Said on the command line or by the environment, else asked for, with what holds by now as proposal. */
  async function setting(key: keyof Settings, text: string, fallback?: string): Promise<string> {
    const { name, parse } = SETTINGS[key] as Setting<unknown>;
    const proposal = before[name] ?? fallback;
    return settings[name] = await answer(given.settings[name], {
      text,
      insteadOf: optionOf(name),
      ...(proposal !== undefined && { fallback: proposal }),
      check: parse,
    });
  }

  /** Asks how the zone is written to; returns the secret for that. */
  async function zoneSecret(): Promise<Answers["secret"]> {
    const dns = await setting(
      "dns",
      "How the zone is written to: powerdns, or rfc2136 (bind9, knot)",
      "powerdns",
    );
    if (dns === "rfc2136") {
      await setting("rfc2136Server", "The zone's primary, host:port", "127.0.0.1:53");
      await setting("rfc2136KeyName", "Name of the key that signs updates", "glossond");
    } else {
      await setting("pdnsApiUrl", "The PowerDNS API", machine.powerDns?.apiUrl);
    }
    return await secretOf(dns, machine, given, answer);
  }

  const { name, parse, fallback } = SETTINGS.authority;
  const authority = given.settings[name] ?? before[name] ?? fallback!;
  checkSaid(authority, { insteadOf: optionOf(name), check: parse });
  // The embedded one, which is for trials, has no accounts, and proves no name by the zone.
  const isAcme = authority !== "local";
  await setting("baseDomain", "Base domain (users are served at USER.BASE)");
  if (isAcme) {
    const email = await setting("acmeEmail", "Your mail address, for the certificate authority");
    await setting("contact", "Address for reports of abuse, shown on the pages", email);
  }
  const front = await answer(given.front, {
    text: "Who has ports 80 and 443: haproxy, or glossond alone",
    insteadOf: "--front",
    fallback: frontBefore.front,
    check: FRONTS,
  });
  const apache = await answer(given.apache, {
    text: "Has an Apache here sites of its own, yes or no",
    insteadOf: "--apache",
    fallback: frontBefore.apache ? "yes" : "no",
    check: YES_OR_NO,
  });
  const secret = isAcme ? await zoneSecret() : undefined;
  const profile = hasOwnScript({ ...before, ...given.settings })
    ? noProfile(given)
    : await profileOf(given, answer);
  if (!complete) return undefined;
  const ports = { front: FRONTS(front), apache: YES_OR_NO(apache) === "yes" };
  return {
    settings: { ...fitted(before, ports), ...given.settings, ...settings },
    ...ports,
    ...(secret !== undefined && { secret }),
    ...(profile !== undefined && { profile }),
  };
}

type Answer = (said: string | undefined, question: Question) => Promise<string>;

async function secretOf(
  dns: string,
  machine: Machine,
  given: Given,
  answer: Answer,
): Promise<[name: string, value: string]> {
  const { name, parse }: Setting<unknown> = dns === "rfc2136"
    ? SETTINGS.rfc2136KeySecret
    : SETTINGS.pdnsApiKey;
  const known = given.secret ?? given.settings[name] ?? machine.secrets[name] ??
    (dns === "powerdns" ? machine.powerDns?.apiKey : undefined);
  const value = await answer(known || undefined, {
    text: dns === "rfc2136"
      ? "Secret of that key (not shown)"
      : "The api-key of pdns.conf (not shown)",
    insteadOf: `GLOSSOND_${name} or --secret-file`,
    secret: true,
    check: parse,
  });
  return [name, value];
}

async function profileOf({ profile }: Given, answer: Answer): Promise<Profile | undefined> {
  const url = await answer(profile.url, {
    text: "Where profiles are, with {name} for the username (empty: you write get_bio.py)",
    insteadOf: "--profile-url",
    fallback: "",
    check: checkProfileUrl,
  });
  if (url === "") return undefined;
  const selector = await answer(profile.selector, {
    text: "What in it is the bio: a member of JSON, or a CSS selector",
    insteadOf: "--profile-selector",
    fallback: "bio",
    check: () => {},
  });
  return { url, selector };
}

/** The operator's own script knows where profiles are. */
function noProfile({ profile }: Given): undefined {
  if (profile.url === undefined && profile.selector === undefined) return;
  throw new TypeError(
    "--profile-url and --profile-selector are for the script that init writes, but GET_BIO_SCRIPT names another",
  );
}

function checkSaid(
  said: string,
  { check, insteadOf }: Pick<Question, "check" | "insteadOf">,
): void {
  try {
    check(said);
  } catch (error) {
    throw new TypeError(`${insteadOf} ${(error as Error).message}`);
  }
}

/** @throws {TypeError} that completes "It …". */
function checkProfileUrl(text: string): void {
  if (text === "" || (/^https?:\/\//.test(text) && text.includes("{name}"))) return;
  throw new TypeError(
    `is ${JSON.stringify(text)}; write it as https://community.example/users/{name}`,
  );
}

/** What the settings file holds, by names without prefix. */
function kept(machine: Machine): Record<string, string> {
  return Object.fromEntries(
    Object.entries(machine.settings).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.replace(/^GLOSSOND_/, ""), value]]
    ),
  );
}

/** The option that gives a setting its value. */
export function optionOf(name: string): string {
  return `--${name.toLowerCase().replaceAll("_", "-")}`;
}
