import type { Framing } from "../http/body.ts";
import { requestFraming } from "../http/body.ts";
import { listOf, valuesOf, without } from "../http/fields.ts";
import { MalformedHead, type RequestHead } from "../http/head.ts";
import type { VisitorRequest } from "./exchange.ts";

/** A request of HTTP/1, its body yet to be read. */
export interface Http1Request extends Omit<VisitorRequest, "body"> {
  version: RequestHead["version"];
  framing: Framing;
  /** Whether the visitor lets the connection be used again (RFC 9112 section 9.3). */
  keepAlive: boolean;
}

/**
 * What a request's head asks for.
 *
 * @throws {MalformedHead} if it is not clear, with the status to answer.
 */
export function readRequest(head: RequestHead): Http1Request {
  const { method, version, fields } = head;
  const framing = requestFraming(head);
  const { target, authority } = readTarget(head);
  const hosts = valuesOf(fields, "host");
  if (hosts.length > 1 || (hosts.length === 0 && version === "1.1")) {
    throw new MalformedHead("Cannot read request: it takes one Host field");
  }
  const connection = listOf(fields, "connection");
  return {
    method,
    target,
    version,
    framing,
    host: authority ?? hosts[0] ?? "",
    fields: without(fields, (name) => name === "host"),
    upgrades: version === "1.1" && connection.includes("upgrade") &&
      canUpgrade(listOf(fields, "upgrade")),
    keepAlive: version === "1.1" && !connection.includes("close"),
  };
}

/** Path and query as sent; the host too, where the target names one (RFC 9112 section 3.2). */
function readTarget({ method, target }: RequestHead): { target: string; authority?: string } {
  if (method === "CONNECT") throw new MalformedHead("Cannot connect: this is no proxy", 405);
  if (target.startsWith("/") || (target === "*" && method === "OPTIONS")) return { target };
  const absolute = /^https?:\/\/([^/?#]+)(.*)$/i.exec(target);
  if (absolute === null) throw new MalformedHead("Cannot read request: its target is malformed");
  const [, authority, rest] = absolute;
  // Of the server as a whole (section 3.2.4).
  if (rest === "" && method === "OPTIONS") return { target: "*", authority };
  return { target: rest!.startsWith("/") ? rest! : `/${rest}`, authority };
}

/** Not to HTTP/2 (RFC 9113 section 3.1 took h2c back): its requests would pass unseen. */
function canUpgrade(protocols: string[]): boolean {
  return protocols.length > 0 && !protocols.includes("h2c");
}
