import { parseIp } from "./ip_address.ts";

/** What stands before a domain where a TXT record names its user (PROTOCOL section 1). */
export const DOMAIN_RECORD = "_glosson.";

/** Longest name of the DNS, written with dots (RFC 1035 section 2.3.4). */
const MAX_NAME_CHARACTERS = 253;

/** Most labels of a domain: each may be a zone of its own, to be looked for one by one. */
const MAX_LABELS = 10;

/** A label of a host name (RFC 1123 section 2.1). */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** A domain in the form that domains are compared in, or what is wrong with it and the fix. */
export type DomainName = { ok: true; domain: string } | { ok: false; detail: string };

/**
 * Reads a domain that a person brings: a host name of two labels or more, international ones as A-labels
 * (RFC 5890 section 2.3.2.1). Returned in lower case, without a trailing dot.
 */
export function readDomain(text: string): DomainName {
  const domain = text.replace(/\.$/, "").toLowerCase();
  const labels = domain.split(".");
  if (/[^\0-\x7f]/.test(domain)) {
    const ascii = URL.parse(`https://${domain}`)?.hostname;
    const fix = ascii === undefined ? "its xn-- form" : ascii;
    return refuse(`Write the domain as it stands in the DNS: ${fix}.`);
  }
  if (labels.includes("*")) {
    return refuse("A wildcard cannot be routed to you; add each of its names by itself.");
  }
  if (parseIp(domain) !== undefined || /^\d+$/.test(labels.at(-1)!)) {
    return refuse("An IP address is no domain; name one such as blog.example.org.");
  }
  if (!labels.every((label) => LABEL.test(label))) {
    return refuse(
      "That is no domain; name one such as blog.example.org, without https:// and path.",
    );
  }
  if (labels.length < 2) return refuse("A domain has two labels or more, as blog.example.org has.");
  const most = MAX_NAME_CHARACTERS - DOMAIN_RECORD.length;
  if (labels.length > MAX_LABELS || domain.length > most) {
    return refuse(`A domain has at most ${MAX_LABELS} labels and ${most} characters here.`);
  }
  // Punycode that stands for nothing, or for what is written otherwise.
  if (URL.parse(`https://${domain}`)?.hostname !== domain) {
    return refuse(
      "A label of that domain begins with xn-- and is no A-label; look at its spelling.",
    );
  }
  return { ok: true, domain };
}

function refuse(detail: string): DomainName {
  return { ok: false, detail };
}
