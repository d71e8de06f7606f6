import { createHash } from "node:crypto";
import { latin1 } from "./latin1.ts";

/** What a server's accept key is made with (RFC 6455 section 1.3). */
const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** An opening handshake of a WebSocket. */
export interface Upgrade {
  /** Whom it is for: of the target, where that is a whole address, else of the Host field. */
  host: string;
  /** `Sec-WebSocket-Key`. */
  key: string;
  /** All fields of the request. */
  fields: Headers;
}

/** A field line as it has to be (RFC 9112 section 5): whatever else stands there is the server's to refuse. */
const FIELD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*$/;

/**
 * A request line (RFC 9112 sections 3.2.1 and 3.2.2); an upgrade of HTTP/1.0 is to be passed over (RFC 9110
 * section 7.8).
 */
const REQUEST_LINE = /^GET (?:https?:\/\/([^/?#]+))?(\/[^? ]*)(?:\?[^ ]*)? HTTP\/1\.1$/;

/**
 * Reads a request head as the opening handshake of a subprotocol (RFC 6455 section 4.2.1); undefined
 * where it is not one.
 *
 * @param head the request line and the fields, up to the empty line.
 */
export function readUpgrade(head: string, path: string, protocol: string): Upgrade | undefined {
  const [line, ...fields] = head.split("\r\n");
  const [, authority, asked] = REQUEST_LINE.exec(line!) ?? [];
  if (asked !== path) return undefined;
  const values = new Headers();
  for (const field of fields) {
    if (!FIELD.test(field)) return undefined;
    const colon = field.indexOf(":");
    const name = field.slice(0, colon).toLowerCase();
    const value = field.slice(colon + 1).trim();
    // A second Host is nobody's, and a body has to be read by somebody: the server behind answers these.
    const hasBody = name === "transfer-encoding" || (name === "content-length" && value !== "0");
    if (hasBody || (name === "host" && values.has(name))) return undefined;
    values.append(name, value);
  }
  const host = values.get("host");
  if (openingFault(values, protocol) !== undefined || host === null) return undefined;
  return { host: authority ?? host, key: values.get("sec-websocket-key")!, fields: values };
}

/**
 * What the fields of a request lack of the opening handshake of a subprotocol (RFC 6455 section 4.2.1), as it should
 * be; undefined where they have all of it.
 */
export function openingFault(fields: Headers, protocol: string): string | undefined {
  const has = (name: string, word: string): boolean =>
    (fields.get(name) ?? "").split(",").some((w) => w.trim().toLowerCase() === word);
  if (!has("upgrade", "websocket")) return "Upgrade: websocket";
  if (!has("connection", "upgrade")) return "Connection: Upgrade";
  if (!has("sec-websocket-version", "13")) return "Sec-WebSocket-Version: 13";
  if (!/^[A-Za-z0-9+/]{22}==$/.test(fields.get("sec-websocket-key") ?? "")) {
    return "Sec-WebSocket-Key: 16 bytes in base64";
  }
  if (!has("sec-websocket-protocol", protocol)) return `Sec-WebSocket-Protocol: ${protocol}`;
}

/** The `Sec-WebSocket-Accept` of a server that answers `Sec-WebSocket-Key` (RFC 6455 section 4.2.2). */
export function acceptKey(key: string): string {
  return createHash("sha1").update(key + ACCEPT_GUID).digest("base64");
}

/** The server's answer to an opening handshake (RFC 6455 section 4.2.2). */
export function upgradeAnswer({ key }: Upgrade, protocol: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(
    [
      "HTTP/1.1 101 Switching Protocols",
      "Upgrade: websocket",
      "Connection: Upgrade",
      `Sec-WebSocket-Accept: ${acceptKey(key)}`,
      `Sec-WebSocket-Protocol: ${protocol}`,
      "\r\n",
    ].join("\r\n"),
  );
}

/**
 * Whether bytes begin like a request that {@linkcode readUpgrade} may take, as far as they have come: for a
 * path, or a whole address.
 */
export function mayBeUpgrade(bytes: Uint8Array, paths: readonly string[]): "no" | "open" | "yes" {
  const starts = [...paths.map((path) => `GET ${path}`), "GET http"];
  const begun = latin1(bytes, 0, Math.min(bytes.length, Math.max(...starts.map((s) => s.length))));
  if (starts.some((start) => begun.startsWith(start))) return "yes";
  return starts.some((start) => start.startsWith(begun)) ? "open" : "no";
}

/** The text of a request head in these bytes, its empty line not included; undefined without its end. */
export function headText(bytes: Uint8Array): string | undefined {
  const text = latin1(bytes, 0, bytes.length);
  const end = text.indexOf("\r\n\r\n");
  return end === -1 ? undefined : text.slice(0, end);
}

/**
 * A request's head without the `Content-Length: 0` of an upgrade, as Java's WebSockets send it: the runtime's server
 * answers 400 to that before anybody could say what is wrong. Any other head stays as it is, also with a second length,
 * which is to be refused.
 */
export function withoutEmptyBody(head: string): string {
  const lengths = head.match(/\r\n(?:content-length|transfer-encoding):/gi) ?? [];
  if (lengths.length !== 1 || !/\r\nupgrade:/i.test(head)) return head;
  return head.replace(/\r\ncontent-length:[ \t]*0[ \t]*(?=\r\n|$)/i, "");
}
