import type { VisitorRequest } from "../front/exchange.ts";
import type { Field } from "../http/fields.ts";
import { checkedField, isTarget, isToken } from "../http/head.ts";
import { ERROR, StreamError } from "./frames.ts";
import type { WholeBlock } from "./header_blocks.ts";

/** Fields of one connection, which HTTP/2 does not have (RFC 9113 section 8.2.2). */
const OF_ONE_CONNECTION = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/** The pseudo-fields of a request (section 8.3.1); `:protocol` is not offered. */
const PSEUDO = new Set([":method", ":scheme", ":authority", ":path"]);

/** A request without its body, and how long that was announced to be. */
export interface Http2Request extends Omit<VisitorRequest, "body"> {
  length: number | undefined;
}

/**
 * The request of a header block.
 *
 * @throws {StreamError} if it is malformed (section 8.1.1): two programs could read it in two ways.
 */
export function readRequest(block: WholeBlock): Http2Request {
  const { stream, endStream, dependsOnItself, list } = block;
  if (dependsOnItself) throw new StreamError(stream, ERROR.protocol, "it depends on itself");
  const request = requestOf(stream, list.fields);
  if (endStream && (request.length ?? 0) > 0) {
    throw new StreamError(stream, ERROR.protocol, "its length is not as announced");
  }
  return request;
}

function requestOf(stream: number, list: readonly Field[]): Http2Request {
  const pseudo = new Map<string, string>();
  const fields: Field[] = [];
  const cookies: string[] = [];
  const hosts: string[] = [];
  let length: number | undefined;
  for (const field of list) {
    const [name, value] = field;
    if (name.startsWith(":")) {
      if (
        !PSEUDO.has(name) || pseudo.has(name) || fields.length + cookies.length + hosts.length > 0
      ) {
        throw malformed(stream, "its pseudo-fields are wrong");
      }
      pseudo.set(name, value);
      continue;
    }
    check(stream, field);
    if (name === "content-length") {
      const told = /^\d{1,15}$/.test(value) ? Number(value) : -1;
      if (told === -1 || (length !== undefined && length !== told)) {
        throw malformed(stream, "its length is malformed");
      }
      length = told;
    }
    if (name === "host") hosts.push(value);
    // One field is cut for compression (section 8.2.3).
    else if (name === "cookie") cookies.push(value);
    else fields.push(field);
  }
  if (cookies.length > 0) fields.push(["cookie", cookies.join("; ")]);
  const { method, target } = readLine(stream, pseudo);
  const host = hostOf(stream, pseudo.get(":authority"), hosts);
  return { method, target, host, fields, upgrades: false, length };
}

/** Whom a request is for; where that is said twice, it has to be the same (section 8.3.1). */
function hostOf(stream: number, authority: string | undefined, hosts: readonly string[]): string {
  const told = authority === undefined ? hosts : [authority, ...hosts];
  if (hosts.length > 1 || new Set(told.map(nameOf)).size > 1) {
    throw malformed(stream, "it names several hosts");
  }
  return told[0] ?? "";
}

/** A host as it is compared: without the port that https has anyway. */
function nameOf(host: string): string {
  return host.toLowerCase().replace(/:443$/, "");
}

/**
 * The trailers of a header list.
 *
 * @throws {StreamError} if they are malformed.
 */
export function readTrailers(stream: number, list: readonly Field[]): Field[] {
  for (const field of list) {
    if (field[0].startsWith(":")) throw malformed(stream, "its trailers have pseudo-fields");
    check(stream, field);
  }
  return [...list];
}

function readLine(
  stream: number,
  pseudo: ReadonlyMap<string, string>,
): { method: string; target: string } {
  const method = pseudo.get(":method") ?? "";
  const target = pseudo.get(":path") ?? "";
  if (!isToken(method)) throw malformed(stream, "it has no method");
  // CONNECT has neither, and is refused by whoever answers.
  if (method === "CONNECT") return { method, target: "*" };
  const isPath = target.startsWith("/") || (target === "*" && method === "OPTIONS");
  if (!pseudo.has(":scheme") || !isPath || !isTarget(target)) {
    throw malformed(stream, "its target is malformed");
  }
  return { method, target };
}

function check(stream: number, field: Field): void {
  const [name, value] = field;
  const isLower = name === name.toLowerCase();
  const isOfConnection = OF_ONE_CONNECTION.has(name) ||
    (name === "te" && value.toLowerCase() !== "trailers");
  if (!isLower || isOfConnection) throw malformed(stream, "it has a field that it cannot have");
  try {
    checkedField(field);
  } catch {
    throw malformed(stream, "a field is malformed");
  }
}

function malformed(stream: number, why: string): StreamError {
  return new StreamError(stream, ERROR.protocol, `a request is malformed: ${why}`);
}
