import { isHost } from "./hosts.ts";
import { parseBlock } from "../wire/address_scope.ts";
import { parseIp, withPort } from "../wire/ip_address.ts";
import { secretFault } from "../wire/secret.ts";

/** A host and a port, as in `HOST:PORT` and `[IPV6]:PORT`. */
export interface HostPort {
  host: string;
  port: number;
}

/** Where names without a place here go, see `GLOSSOND_FALLBACK_BACKEND`. */
export interface Backend extends HostPort {
  /** Whether each connection begins with a PROXY v2 header. */
  proxyHeader: boolean;
}

/*
 * One parser a kind of value. Each takes the text of a setting and throws a TypeError whose message
 * completes the sentence "GLOSSOND_X …", with the fix in it.
 */

/** Any text but none. */
export function text(value: string): string {
  if (value.trim() === "") throw new TypeError("is empty; give a value or leave it out");
  return value.trim();
}

/** A line of text as a page shows it; empty where the page is to say nothing. */
export function line(value: string): string {
  if (/\p{Cc}/u.test(value.trim())) {
    throw new TypeError("holds a line end or another control character; write it as one line");
  }
  return value.trim();
}

/** A command as a person types it into a shell. */
export function commandLine(value: string): string {
  return line(text(value));
}

/** What `parse` makes of a value; empty where there is to be none. */
export function orNone<T>(parse: (value: string) => T): (value: string) => T | undefined {
  return (value) => value.trim() === "" ? undefined : parse(value);
}

/** A secret: visible ASCII, as it goes into a header. The message never has any of it. */
export function secret(value: string): string {
  const fault = secretFault(value.trim());
  if (fault !== undefined) throw new TypeError(fault);
  return value.trim();
}

/** The path of a file or folder. */
export function path(value: string): string {
  const given = text(value);
  if (/^[~$]/.test(given)) {
    throw new TypeError(
      `is ${JSON.stringify(given)}, whose ${given[0]} only a shell replaces; write the whole path`,
    );
  }
  return given;
}

/** The path of a program, or an http or https URL. The message never has any of it. */
export function programOrUrl(value: string): string {
  const given = value.trim();
  if (/^\.{0,2}\/[^/]/.test(given) || /^https?:\/\/[^/]/.test(given) && URL.canParse(given)) {
    return given;
  }
  throw new TypeError(
    "is neither a path (with a / in it) nor a URL; write /path/program.py or https://…",
  );
}

/** Octets in base64 (RFC 4648), as text. The message never has any of it. */
export function base64Secret(value: string): string {
  const text = value.trim();
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.length % 4 === 0) return text;
  throw new TypeError("is not base64; write the secret as the server's configuration has it");
}

/** Octets in base64url (RFC 4648 section 5), as text without padding. The message never has any of it. */
export function base64UrlSecret(value: string): string {
  const text = value.trim().replace(/=+$/, "").replaceAll("+", "-").replaceAll("/", "_");
  if (/^[A-Za-z0-9_-]+$/.test(text) && text.length % 4 !== 1) return text;
  throw new TypeError("is not base64url; write the key as the ACME server's company gave it");
}

/** The name of a key of the DNS (RFC 8945), in lower case without a trailing dot. */
export function keyName(value: string): string {
  const name = value.trim().toLowerCase().replace(/\.$/, "");
  if (name.length <= 190 && /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/.test(name)) return name;
  throw new TypeError(
    `is ${JSON.stringify(value)}, not a key's name; write it as the server's configuration has it`,
  );
}

/** A TCP port; 0 takes a free one. */
export function port(value: string): number {
  return integer(0, 65_535, "a port")(value);
}

/** A whole number within bounds, both included. */
export function integer(
  min: number,
  max: number,
  what = "a whole number",
): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!/^\d+$/.test(value.trim()) || number < min || number > max) {
      throw new TypeError(
        `is ${JSON.stringify(value)}, not ${what}; give a number from ${min} to ${max}`,
      );
    }
    return number;
  };
}

/** How many times as much a letter behind a number means. */
const SIZE_UNITS: Record<string, number> = {
  "": 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
};

/** A number of bytes, as `500M`; K, M, G and T are powers of 1024. */
export function bytes(value: string): number {
  const match = /^(\d{1,15})([kmgt]?)(?:i?b)?$/i.exec(value.trim());
  const number = Number(match?.[1]) * (SIZE_UNITS[match?.[2]?.toLowerCase() ?? ""] ?? NaN);
  if (Number.isSafeInteger(number)) return number;
  throw new TypeError(`is ${JSON.stringify(value)}, no number of bytes; write it as 500M or 20G`);
}

/** One of several words. */
export function oneOf<const T extends string>(...words: T[]): (value: string) => T {
  return (value) => {
    const found = words.find((word) => word === value.trim());
    if (found === undefined) {
      throw new TypeError(`is ${JSON.stringify(value)}; it can be ${words.join(" or ")}`);
    }
    return found;
  };
}

/**
 * Where the web server of PowerDNS is: what follows is added to it, and may be given or not, up to the
 * server's name, which is a setting of its own.
 */
export function apiRoot(value: string): string {
  const given = url(value);
  if (/[?#]/.test(given)) {
    throw new TypeError(`is ${JSON.stringify(given)}; write it without what begins with ? or #`);
  }
  return given.replace(/(?:\/api(?:\/v1(?:\/servers(?:\/[^/]*)?)?)?)?\/?$/, "");
}

/** An http or https URL. */
export function url(value: string): string {
  const parsed = URL.parse(value.trim());
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    throw new TypeError(
      `is ${
        JSON.stringify(withoutUserInfo(value))
      }, not a URL; write it as http://host:port or https://host/path`,
    );
  }
  // A URL is shown wherever something is wrong with it.
  if (parsed.username !== "" || parsed.password !== "") {
    throw new TypeError(
      `has a user name or a password in it (before the @ of ${parsed.host}); write it without`,
    );
  }
  return parsed.href;
}

/** A value as it may be shown: what stands before the @ of a URL can be a password. */
export function withoutUserInfo(value: string): string {
  return value.replace(/(\/\/)[^/]*@/g, "$1…@");
}

/** `HOST:PORT` or `[IPV6]:PORT`. */
export function hostPort(value: string): HostPort {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]/?]+)):(\d{1,5})$/.exec(value.trim());
  const number = Number(match?.[3]);
  if (match === null || number < 1 || number > 65_535 || !isHost(match[1] ?? match[2]!)) {
    throw new TypeError(
      `is ${JSON.stringify(value)}; write it as host:port, an IPv6 address in brackets`,
    );
  }
  return { host: (match[1] ?? match[2])!, port: number };
}

/** As {@linkcode hostPort} reads it. */
export function writeHostPort({ host, port }: HostPort): string {
  return withPort(host, port);
}

/** `HOST:PORT`, with `?proxy=v2` behind it where a PROXY header is wanted. */
export function backend(value: string): Backend {
  const [address = "", ...options] = value.trim().split("?");
  const wanted = options.join("?");
  if (wanted !== "" && wanted !== "proxy=v2") {
    throw new TypeError(
      `ends in ${JSON.stringify(`?${wanted}`)}; the only option is ?proxy=v2`,
    );
  }
  return { ...hostPort(address), proxyHeader: wanted !== "" };
}

/** Values separated by commas or spaces; none at all is an empty list. */
export function list<T>(item: (value: string) => T): (value: string) => T[] {
  return (value) => value.split(/[\s,]+/).filter((part) => part !== "").map(item);
}

/** Names that stand in the setting itself, or in a file that it names. */
export type NamesOrFile = { names: string[] } | { file: string };

/** Names, or with a slash in it the path of a file with names. */
export function namesOrFile(value: string): NamesOrFile {
  return value.includes("/") ? { file: path(value) } : { names: names(value) };
}

/** Names (labels of a domain name) separated by commas, spaces or line ends; `#` begins a remark. */
export function names(value: string): string[] {
  return list((item) => {
    const name = item.toLowerCase();
    if (/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) return name;
    throw new TypeError(
      `holds ${JSON.stringify(item)}, not a name; write names of a to z, 0 to 9 and hyphens`,
    );
  })(value.replace(/#.*/g, ""));
}

/** An IPv4 or IPv6 address, or a block of them as `ADDRESS/BITS`, in lower case. */
export function addressBlock(value: string): string {
  // A zone (`%eth0`) has no place in it.
  const isOne = !value.includes("%") && (parseIp(value) ?? parseBlock(value)) !== undefined;
  if (!isOne) {
    throw new TypeError(
      `holds ${JSON.stringify(value)}, not an address; write 127.0.0.1, ::1 or 10.0.0.0/8`,
    );
  }
  return value.toLowerCase();
}
