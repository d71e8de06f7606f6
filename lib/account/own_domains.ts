import type { Places } from "../net/places.ts";
import type { DomainStore } from "../store/domains.ts";
import { DOMAIN_RECORD, readDomain } from "../wire/domain_name.ts";
import { type Refusal, refuse } from "../wire/problems.ts";
import { createSlidingLimit } from "./sliding_limit.ts";

/** How often a user may have a domain looked at: one who waits for the DNS asks every minute or so. */
const LOOKS = { limit: 60, windowMs: 3_600_000, maxKeys: 10_000 } as const;

/** When to come again while others' domains are looked at. */
const BUSY_RETRY_S = 5;

/** When to come again with more domains than a user may have. */
const FULL_RETRY_S = 86_400;

/** How long a domain is as it was found. */
export const LOOK_EVERY_MS = 86_400_000;

/** What authoritative servers say of whom a domain leads to, see `lookWhereItPoints`. */
export interface Look {
  /** For each server that answered, the names that it leads to. */
  answers: readonly (readonly string[])[];
  silent: readonly string[];
}

/** Options for {@linkcode OwnDomains}. */
export interface OwnDomainsOptions {
  domains: DomainStore;
  /** Asks a domain's servers; never rejects. */
  look: (domain: string) => Promise<Look>;
  hostnameOf: (username: string) => string;
  /** Whether a domain is the relay's, or below one of its. */
  isOurs: (domain: string) => boolean;
  /** How many a user may have. */
  perUser: () => number;
  /** Those that are looked at, at once: in all and of a user. */
  places: Places;
  /** Clock in milliseconds since the epoch. @default {Date.now} */
  now?: () => number;
}

/** Why a domain is not put. */
export type DomainRefusal = Refusal<
  "bad-request" | "domain-not-pointed" | "domain-taken" | "rate-limited" | "unauthorized"
>;

/** Users' own domains: each is proved by what its authoritative servers say (PROTOCOL section 1). */
export class OwnDomains {
  readonly #options: OwnDomainsOptions;
  readonly #now: () => number;
  readonly #takeLook: (username: string) => number;

  constructor(options: OwnDomainsOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#takeLook = createSlidingLimit({ ...LOOKS, now: this.#now }).take;
  }

  /** Those of a user. Rejects as the store. */
  of(username: string): Promise<string[]> {
    return this.#options.domains.of(username);
  }

  /**
   * Looks where a domain leads, and has it be the user's if that is to them. One that another user has is
   * theirs only once every server says so, and none that it is the other's. Rejects as the store.
   *
   * @param text as the user wrote it.
   * @param token of the user, to be theirs still when the look is done.
   */
  async put(
    username: string,
    text: string,
    token: string,
  ): Promise<{ ok: true; domain: string; verifiedAt: number } | DomainRefusal> {
    const { isOurs, places } = this.#options;
    const read = readDomain(text);
    if (!read.ok) return refuse("bad-request", read.detail);
    const { domain } = read;
    if (isOurs(domain)) {
      const detail = `${domain} is the relay's own; bring a domain that is yours.`;
      return refuse("bad-request", detail);
    }
    const place = places.take(username);
    if (place === undefined) {
      return refuse("rate-limited", "Domains are being looked at; try again.", BUSY_RETRY_S);
    }
    try {
      const waitMs = this.#takeLook(username);
      if (waitMs > 0) {
        const detail = `A user may have ${LOOKS.limit} looks at domains an hour; wait a while.`;
        return refuse("rate-limited", detail, Math.ceil(waitMs / 1000));
      }
      return await this.#prove(username, domain, token);
    } finally {
      place.leave();
    }
  }

  /**
   * Has a domain be nobody's, where it is the user's. Rejects as the store.
   *
   * @returns whether the token is still a user's.
   */
  async remove(text: string, token: string): Promise<boolean> {
    const read = readDomain(text);
    return await this.#options.domains.remove(read.ok ? read.domain : text, token);
  }

  async #prove(
    username: string,
    domain: string,
    token: string,
  ): Promise<{ ok: true; domain: string; verifiedAt: number } | DomainRefusal> {
    const { domains, look, hostnameOf, perUser } = this.#options;
    const hostname = hostnameOf(username);
    const { answers, silent } = await look(domain);
    const holder = await domains.holder(domain);
    const isOthers = holder !== undefined && holder !== username;
    const leadsHere = answers.length > 0 && answers.every((names) => names.includes(hostname));
    const leadsThere = isOthers && answers.some((names) => names.includes(hostnameOf(holder)));
    if (isOthers && (!leadsHere || leadsThere)) return taken(domain, hostname);
    if (!leadsHere) return notPointed(domain, hostname, { answers, silent });
    const put = await domains.put(domain, token, {
      max: perUser(),
      dueMs: LOOK_EVERY_MS,
      from: holder,
    });
    switch (put.state) {
      case "put":
        return { ok: true, domain, verifiedAt: put.verifiedAt };
      case "taken":
        return taken(domain, hostname);
      case "full":
        return refuse(
          "rate-limited",
          `You have ${perUser()} domains, as many as one may; remove one first.`,
          FULL_RETRY_S,
        );
      case "unauthorized":
        return refuse("unauthorized", "The token is not good any more; claim the name again.");
    }
  }
}

function taken(domain: string, hostname: string): DomainRefusal {
  return refuse(
    "domain-taken",
    `${domain} is another user's. If it is yours, have its DNS lead to ${hostname} and no more to ` +
      "theirs; then ask again.",
  );
}

function notPointed(domain: string, hostname: string, { answers, silent }: Look): DomainRefusal {
  const set =
    `Set CNAME ${domain} to ${hostname}, or TXT ${DOMAIN_RECORD}${domain} to "${hostname}"`;
  return refuse("domain-not-pointed", `${set}; ${seen(answers, silent, hostname)}.`);
}

/** What a look found, for whoever set the records. */
function seen(
  answers: Look["answers"],
  silent: Look["silent"],
  hostname: string,
): string {
  if (answers.length === 0) {
    const why = silent.length === 0 ? "" : ` (${silent[0]})`;
    return `none of the domain's name servers could be asked${why}`;
  }
  const having = answers.filter((names) => names.includes(hostname)).length;
  if (having > 0) return `${having} of its ${answers.length} name servers have it so far`;
  // What else stands in TXT records there is nobody's business.
  const others = [...new Set(answers.flat())].filter((name) => readDomain(name).ok);
  return others.length === 0
    ? "its name servers have neither"
    : `its name servers have ${others.slice(0, 3).join(", ")}`;
}
