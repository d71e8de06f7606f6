import { parseIp } from "./ip_address.ts";
import { latin1 } from "./latin1.ts";

/** Longest host name that is read; DNS itself ends at 253 characters. */
export const MAX_SERVER_NAME_BYTES = 255;

/** `name_type` of a DNS host name (RFC 6066 section 3), the only one ever defined. */
const HOST_NAME = 0;

/** What may stand in a name that is nobody's here, though no host has it. */
const VISIBLE = /^[ -~]+$/;

/** What a server_name extension holds; `name` is absent for an IP literal. */
export type ServerName = { ok: true; name?: string } | { ok: false; detail: string };

/**
 * Reads the body of a server_name extension of a ClientHello (RFC 6066 section 3).
 *
 * The list must hold exactly one host name. Entries of other types are skipped: all begin with a
 * 16-bit length, whatever they are. A name that no host can have (`name:port`, `*`, an empty label) is
 * one that is not ours, and left to whoever serves those: OpenSSL and nginx take it. Control
 * characters and bytes above 127 make it none.
 */
export function readServerName(body: Uint8Array): ServerName {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  if (body.length < 2 || view.getUint16(0) !== body.length - 2) {
    return refuse("the server_name list does not fill its extension");
  }
  let name: Uint8Array | undefined;
  for (let at = 2; at < body.length;) {
    const from = at + 3;
    if (from > body.length) return refuse("an entry of the server_name list is cut off");
    const end = from + view.getUint16(at + 1);
    if (end > body.length) return refuse("an entry runs past the server_name list");
    if (view.getUint8(at) === HOST_NAME) {
      if (name !== undefined) return refuse("the server_name list has two host names");
      name = body.subarray(from, end);
    }
    at = end;
  }
  if (name === undefined) return refuse("the server_name list has no host name");
  if (name.length > MAX_SERVER_NAME_BYTES) {
    return refuse(`the server name is ${name.length} bytes long`);
  }
  const text = latin1(name);
  const found = normalizeServerName(text);
  return found.ok || !VISIBLE.test(text) ? found : { ok: true, name: text.toLowerCase() };
}

/**
 * Brings a host name into the one form that names are compared in: lower case, no trailing dot.
 *
 * An IP literal (also in brackets or with a zone) is no name: RFC 6066 forbids it, real clients
 * send it. Labels may hold letters, digits, `-` and `_`; no label may be empty.
 */
export function normalizeServerName(text: string): ServerName {
  const name = (text.endsWith(".") ? text.slice(0, -1) : text).toLowerCase();
  if (isIpLiteral(name)) return { ok: true };
  if (/^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(name)) return { ok: true, name };
  // Told without the name itself, which may be long and hold anything.
  const wrong = name.search(/[^a-z0-9._-]/);
  return refuse(
    wrong === -1
      ? "the server name has an empty label"
      : `the server name has the character ${name.charCodeAt(wrong)}`,
  );
}

/** Whether a value is a host name or an IP address, as it may stand in a URL. */
export function isHost(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_SERVER_NAME_BYTES &&
    normalizeServerName(value).ok;
}

function isIpLiteral(name: string): boolean {
  // Told by a character first, since nearly every name is none.
  if (!/^[\d[]|:/.test(name)) return false;
  return parseIp(name.replace(/^\[(.*)\]$/, "$1")) !== undefined;
}

function refuse(detail: string): ServerName {
  return { ok: false, detail };
}
