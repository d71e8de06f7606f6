import { MAX_MESSAGE_BYTES, type RelayMessage } from "../../lib/wire/messages.ts";
import { isHost } from "./answers.ts";

/** What a text frame of the relay turns out to be. */
export type ReadRelayMessage =
  | { state: "message"; message: RelayMessage }
  /** A type that this client does not know: a newer relay. */
  | { state: "ignored" }
  | { state: "bad"; detail: string };

/** Most tickets of one message that are looked at; the protocol grants 64 at most. */
const MAX_TICKETS = 64;

const TICKET = /^[A-Za-z0-9_-]{22}$/;

const REASONS = ["replaced", "draining", "revoked", "protocol"] as const;

/** Longest life of a `connect` ticket that is believed, milliseconds. */
const MAX_TICKET_LIFE_MS = 60_000;

/** Reads a frame of the relay; members that are not known are dropped. */
export function readRelayMessage(frame: unknown): ReadRelayMessage {
  if (typeof frame !== "string") return bad("not a text frame");
  if (new TextEncoder().encode(frame).length > MAX_MESSAGE_BYTES) {
    return bad(`longer than ${MAX_MESSAGE_BYTES} bytes`);
  }
  let value: unknown;
  try {
    value = JSON.parse(frame);
  } catch {
    return bad("not JSON");
  }
  if (!isObject(value) || typeof value.type !== "string") return bad("no object with a type");
  switch (value.type) {
    case "online":
      return readOnline(value);
    case "connect":
      return readConnect(value);
    case "tickets":
      return readTickets(value);
    case "goodbye":
      return readGoodbye(value);
    default:
      return { state: "ignored" };
  }
}

function readOnline(value: Record<string, unknown>): ReadRelayMessage {
  const { hostname, url, dataHost, dataPort } = value;
  if (!isPort(dataPort)) return bad("online: dataPort is no port");
  if (!isHost(hostname) || !isHost(dataHost)) return bad("online: hostname or dataHost is no host");
  // A relay of an earlier version does not tell it.
  const address = typeof url === "string" && isPageUrl(url) ? url : `https://${hostname}`;
  const message = { type: "online", hostname, url: address, dataHost, dataPort } as const;
  return { state: "message", message };
}

function readConnect(value: Record<string, unknown>): ReadRelayMessage {
  const { ticket, visitor, expiresInMs } = value;
  if (!isTicket(ticket)) return bad("connect: ticket is malformed");
  const where = readDataAddress(value);
  if (where === undefined) return bad("connect: dataHost or dataPort is none");
  // Only the PROXY header is believed about a visitor: this one may be missing.
  const { address, port } = isObject(visitor) ? visitor : {};
  return {
    state: "message",
    message: {
      type: "connect",
      ticket,
      visitor: {
        address: typeof address === "string" ? address : "",
        port: isPort(port) ? port : 0,
      },
      expiresInMs: typeof expiresInMs === "number" && expiresInMs > 0
        ? Math.min(expiresInMs, MAX_TICKET_LIFE_MS)
        : MAX_TICKET_LIFE_MS,
      ...where,
    },
  };
}

function readTickets(value: Record<string, unknown>): ReadRelayMessage {
  const { tickets } = value;
  if (!Array.isArray(tickets)) return bad("tickets: no list");
  const where = readDataAddress(value);
  if (where === undefined) return bad("tickets: dataHost or dataPort is none");
  const good = tickets.slice(0, MAX_TICKETS).filter(isTicket);
  return { state: "message", message: { type: "tickets", tickets: good, ...where } };
}

/** Where a message's tickets are to be shown, as far as it says so; nothing when that makes no sense. */
function readDataAddress(
  { dataHost, dataPort }: Record<string, unknown>,
): { dataHost?: string; dataPort?: number } | undefined {
  if (dataHost !== undefined && !isHost(dataHost)) return undefined;
  if (dataPort !== undefined && !isPort(dataPort)) return undefined;
  return { ...(isHost(dataHost) && { dataHost }), ...(isPort(dataPort) && { dataPort }) };
}

function readGoodbye({ reason, retryAfterMs }: Record<string, unknown>): ReadRelayMessage {
  const known = REASONS.find((word) => word === reason);
  const retry = retryAfterMs === null
    ? null
    : typeof retryAfterMs === "number" && retryAfterMs >= 0
    ? retryAfterMs
    : 0;
  // A reason of a newer relay: whether to come back is what `retryAfterMs` says.
  const message = { type: "goodbye", reason: known ?? "protocol", retryAfterMs: retry } as const;
  return { state: "message", message };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTicket(value: unknown): value is string {
  return typeof value === "string" && TICKET.test(value);
}

/** Whether a text is an https address of a host and a port, and nothing that only looks like it. */
function isPageUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && url.protocol === "https:" && url.username === "" && url.password === "" &&
    /^[!-~]+$/.test(text) && isHost(url.hostname);
}

function isPort(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) < 65_536;
}

function bad(detail: string): ReadRelayMessage {
  return { state: "bad", detail };
}
