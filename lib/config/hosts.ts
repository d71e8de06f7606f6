import { parseIp } from "../wire/ip_address.ts";

// Parsers of names of machines, as those of values.ts.

/** Room for `_acme-challenge.`, a username and a dot before it (RFC 1035 section 2.3.4: 253 in all). */
const MAX_DOMAIN_CHARACTERS = 173;

/** A DNS name of at least two labels, returned in lower case without a trailing dot. */
export function domain(value: string): string {
  const name = value.trim().toLowerCase().replace(/\.$/, "");
  const label = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
  if (!new RegExp(`^${label}(?:\\.${label})+$`).test(name) || endsInNumber(name)) {
    throw new TypeError(
      `is ${JSON.stringify(value)}, not a domain name; write one such as glosson.example.org`,
    );
  }
  if (name.length > MAX_DOMAIN_CHARACTERS) {
    throw new TypeError(
      `has ${name.length} characters; the names below it leave it ${MAX_DOMAIN_CHARACTERS}`,
    );
  }
  return name;
}

/** A mail address, as it goes into a `mailto:` URL. */
export function email(value: string): string {
  const address = value.trim();
  const at = address.lastIndexOf("@");
  const isMailbox = /^[A-Za-z0-9!$'*+.=^_`{|}~-]{1,64}$/.test(address.slice(0, Math.max(at, 0)));
  if (!isMailbox || !isHost(address.slice(at + 1)) || !address.includes(".", at)) {
    throw new TypeError(
      `is ${JSON.stringify(value)}, not a mail address; write one such as admin@example.org`,
    );
  }
  return address;
}

/** A host name or an IP address, returned without the brackets of an IPv6 one. */
export function host(value: string): string {
  const name = value.trim().replace(/^\[(.*:.*)\]$/, "$1");
  if (!isHost(name)) {
    throw new TypeError(
      `is ${
        JSON.stringify(value)
      }, not a host name or an IP address; write one, its port has a setting of its own`,
    );
  }
  return name;
}

/** A host that others connect to. */
export function publicHost(value: string): string {
  const name = host(value);
  if (parseIp(name)?.every((byte) => byte === 0)) {
    throw new TypeError(
      `is ${name}, which stands for every address here; write one that others reach`,
    );
  }
  return name;
}

/** Whether it is a host name or an IP address, IPv6 without brackets. */
export function isHost(name: string): boolean {
  // A zone (`%eth0`) can neither be listened on nor told to others.
  if (name.includes(":") || endsInNumber(name)) return !name.includes("%") && !!parseIp(name);
  // Not only host names of RFC 1123: containers have underscores in theirs.
  const label = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?";
  return name.length <= 254 && new RegExp(`^${label}(?:\\.${label})*\\.?$`).test(name);
}

/** Whether a name would be taken for an IPv4 address (WHATWG URL, "ends in a number"). */
function endsInNumber(name: string): boolean {
  return /(?:^|\.)\d+\.?$/.test(name);
}

/** What a relay is called among those that share its database. */
export function relayId(value: string): string {
  const id = value.trim().toLowerCase();
  if (!/^[a-z0-9][a-z0-9.-]{0,39}$/.test(id)) {
    throw new TypeError(
      `is ${
        JSON.stringify(value)
      }; write at most 40 letters, digits, dots and hyphens, such as relay-2`,
    );
  }
  return id;
}
