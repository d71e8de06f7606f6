import { parseIp } from "./ip_address.ts";

/** Longest host name that is read; DNS itself ends at 253 characters. */
export const MAX_SERVER_NAME_BYTES = 255;

/** `name_type` of a DNS host name (RFC 6066 section 3), the only one ever defined. */
const HOST_NAME = 0;

/** What a server_name extension holds; `name` is absent for an IP literal. */
export type ServerName = { ok: true; name?: string } | { ok: false; detail: string };

/**
 * Reads the body of a server_name extension of a ClientHello (RFC 6066 section 3).
 *
 * The list must hold exactly one entry, a host name: other types were never defined, and their
 * length cannot be known.
 */
export function readServerName(body: Uint8Array): ServerName {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  if (body.length < 5) return refuse(`the server_name list is ${body.length} bytes long`);
  if (view.getUint16(0) !== body.length - 2) {
    return refuse("the server_name list does not fill its extension");
  }
  if (view.getUint8(2) !== HOST_NAME) {
    return refuse(`the server name has the unknown type ${view.getUint8(2)}`);
  }
  const length = view.getUint16(3);
  if (length > body.length - 5) return refuse("the server name runs past its list");
  if (length < body.length - 5) return refuse("the server_name list has more than one entry");
  if (length > MAX_SERVER_NAME_BYTES) return refuse(`the server name is ${length} bytes long`);
  return normalizeServerName(String.fromCharCode(...body.subarray(5)));
}

/**
 * Brings a host name into the one form that names are compared in: lower case, no trailing dot.
 *
 * An IP literal (also in brackets or with a zone) is no name: RFC 6066 forbids it, real clients
 * send it. Labels may hold letters, digits, `-` and `_`; no label may be empty.
 */
export function normalizeServerName(text: string): ServerName {
  const name = text.toLowerCase().replace(/\.$/, "");
  if (parseIp(name.replace(/^\[(.*)\]$/, "$1")) !== undefined) return { ok: true };
  if (!/^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(name)) {
    return refuse(`the server name ${JSON.stringify(text)} is no host name`);
  }
  return { ok: true, name };
}

function refuse(detail: string): ServerName {
  return { ok: false, detail };
}
