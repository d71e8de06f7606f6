import { z } from "zod";
import { latin1 } from "./latin1.ts";
import { isHost } from "./server_name.ts";

/** Subprotocol of a data connection over WebSocket. */
export const DATA_SUBPROTOCOL = "glosson-data.v1";

/** Subprotocol of the control WebSocket. */
export const SUBPROTOCOL = "glosson.v1";

/** Longest control message, bytes of UTF-8. */
export const MAX_MESSAGE_BYTES = 16 * 1024;

/** Most connections that a client may keep parked. */
export const MAX_POOL_SIZE = 64;

/** Longest life of a `connect` ticket that is believed, milliseconds. */
const MAX_TICKET_LIFE_MS = 60_000;

/** Close codes of the control WebSocket (1012: IANA registry, service restart). */
export const CLOSE = {
  draining: 1012,
  badMessage: 4400,
  revoked: 4401,
  heartbeatMissed: 4408,
  replaced: 4409,
} as const;

/** 16 random bytes in base64url without padding. */
const TICKET = /^[A-Za-z0-9_-]{22}$/;

/** Characters of a ticket. */
export const TICKET_BYTES = 22;

/** Whether a value can be a ticket. */
export function isTicket(value: unknown): value is string {
  return typeof value === "string" && TICKET.test(value);
}

const ticket = z.string().regex(TICKET);

/**
 * What a client may say of its way to the data port, an extension of the protocol: that it works, or
 * why not. `foreign`: what answers there is no data port of the relay; `closed`: it ends connections at once;
 * `lost`: connections come about, and what visitors are answered over them does not arrive.
 */
export const DATA_PATH_WORDS = [
  "works",
  "unknown-host",
  "refused",
  "timeout",
  "no-route",
  "closed",
  "foreign",
  "lost",
  "other",
] as const;

/** A word of {@linkcode DATA_PATH_WORDS}. */
export type DataPathWord = (typeof DATA_PATH_WORDS)[number];

/** A message of a client. */
export type ClientMessage =
  /** How many connections it wants to keep parked. */
  | { type: "pool"; size: number; dataPath?: DataPathWord | undefined }
  /** It cannot serve the visitor of this ticket. */
  | { type: "refuse"; ticket: string; reason?: string | undefined };

/** Why the relay closes a control WebSocket. */
export type GoodbyeReason = "replaced" | "draining" | "revoked" | "protocol";

/** A message of the relay. */
export type RelayMessage =
  /** `url` is the page's address, with its port where that is not 443. */
  | { type: "online"; hostname: string; url: string; dataHost: string; dataPort: number }
  /** A visitor waits for a data connection. */
  | {
    type: "connect";
    ticket: string;
    visitor: { address: string; port: number };
    expiresInMs: number;
    /** Where this ticket is to be shown; absent where it is as `online` said. */
    dataHost?: string | undefined;
    dataPort?: number | undefined;
  }
  /** Tickets to park connections with; `dataHost` and `dataPort` likewise. */
  | {
    type: "tickets";
    tickets: string[];
    dataHost?: string | undefined;
    dataPort?: number | undefined;
  }
  /**
   * Whether visitors get answers: not any more where nothing of the client's came for several in a row. Part of the
   * same extension as `dataPath`, and told to nobody else.
   */
  | { type: "visitors"; answered: boolean }
  /** `retryAfterMs` null: do not come back by yourself. */
  | { type: "goodbye"; reason: GoodbyeReason; retryAfterMs: number | null };

/*
 * The same as schemas. Members that are not known are dropped; `catch` has what stands for one
 * that is not as it should be and can be done without.
 */

/** What a client may say. */
const clientMessage = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("pool"),
    size: z.int().min(0).max(MAX_POOL_SIZE),
    // No part of the protocol: whatever else stands there is as good as nothing.
    dataPath: z.enum(DATA_PATH_WORDS).optional().catch(undefined),
  }),
  z.object({ type: z.literal("refuse"), ticket, reason: z.string().optional() }),
]);

const host = z.string().refine(isHost, "no host name");
const port = z.int().min(1).max(65_535);

/** Many languages write null for what is not there. */
const absent = z.null().transform(() => undefined);

const where = {
  dataHost: host.or(absent).optional(),
  dataPort: port.or(absent).optional(),
};

/** What the relay may say. */
const relayMessage = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("online"),
    hostname: host,
    // The page's address, with its port where that is not 443; earlier relays do not tell it.
    url: z.string().refine(isPageUrl).optional().catch(undefined),
    dataHost: host,
    dataPort: port,
  }).transform((online) => ({ ...online, url: online.url ?? `https://${online.hostname}` })),
  z.object({
    type: z.literal("connect"),
    ticket,
    // Only the PROXY header is believed about a visitor: this one may be missing.
    visitor: z.object({ address: z.string().catch(""), port: port.catch(0) })
      .catch({ address: "", port: 0 }),
    expiresInMs: z.number().positive().catch(MAX_TICKET_LIFE_MS)
      .transform((ms) => Math.min(ms, MAX_TICKET_LIFE_MS)),
    ...where,
  }),
  z.object({
    type: z.literal("tickets"),
    tickets: z.array(z.unknown()).transform((all) => all.slice(0, MAX_POOL_SIZE).filter(isTicket)),
    ...where,
  }),
  z.object({ type: z.literal("visitors"), answered: z.boolean() }),
  z.object({
    type: z.literal("goodbye"),
    // One of a newer relay: whether to come back is what `retryAfterMs` says.
    reason: z.enum(["replaced", "draining", "revoked", "protocol"]).catch("protocol"),
    // null: do not come back by yourself.
    retryAfterMs: z.number().nonnegative().nullable().catch(0),
  }),
]);

/** Whether a text is an https address of a host and a port, and nothing that only looks like it. */
function isPageUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && url.protocol === "https:" && url.username === "" && url.password === "" &&
    /^[!-~]+$/.test(text) && isHost(url.hostname);
}

/** What a frame turns out to be. */
export type ReadMessage<Message> =
  | { state: "message"; message: Message }
  /** A type that is not known: a newer peer. */
  | { state: "ignored" }
  | { state: "bad"; detail: string };

/** Reads a frame of a client. */
export function readClientMessage(frame: unknown): ReadMessage<ClientMessage> {
  return readMessage(frame, clientMessage);
}

/** Reads a frame of the relay. */
export function readRelayMessage(frame: unknown): ReadMessage<RelayMessage> {
  return readMessage(frame, relayMessage);
}

function readMessage<Message>(frame: unknown, schema: z.ZodType<Message>): ReadMessage<Message> {
  if (typeof frame !== "string") return bad("message is not a text frame");
  // A UTF-16 unit is at least one byte of UTF-8: the cheap test comes first.
  if (frame.length > MAX_MESSAGE_BYTES || utf8Length(frame) > MAX_MESSAGE_BYTES) {
    return bad(`message is longer than ${MAX_MESSAGE_BYTES} bytes`);
  }
  let value: unknown;
  try {
    value = JSON.parse(frame);
  } catch {
    return bad("message is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return bad("message is not a JSON object");
  }
  const { type } = value as { type?: unknown };
  if (typeof type !== "string") return bad("message has no type");
  const { success, data, error } = schema.safeParse(value);
  if (success) return { state: "message", message: data };
  const issue = error.issues[0]!;
  // None of the union's members has this type.
  if (issue.code === "invalid_union" && issue.path[0] === "type") return { state: "ignored" };
  return bad(`${type}: ${issue.path.join(".") || "message"}: ${issue.message}`);
}

function bad(detail: string): { state: "bad"; detail: string } {
  return { state: "bad", detail };
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}

const PREFACE = "GLOSSON/1 ";

/** Length of the data preface: the word, a ticket, a newline. */
export const PREFACE_BYTES: number = PREFACE.length + TICKET_BYTES + 1;

/** What the relay writes before it closes a data connection that it does not take. */
export const DATA_REFUSED: Uint8Array<ArrayBuffer> = new TextEncoder().encode(
  "GLOSSON/1 refused\n",
);

/** The ticket in a data preface, or undefined when these bytes are not one. */
export function readPreface(bytes: Uint8Array): string | undefined {
  if (bytes.length < PREFACE_BYTES) return undefined;
  const text = latin1(bytes, 0, PREFACE_BYTES);
  const found = text.slice(PREFACE.length, -1);
  return text.startsWith(PREFACE) && text.endsWith("\n") && isTicket(found) ? found : undefined;
}

/** The 33 bytes with which a client begins a data connection. */
export function dataPreface(ticket: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${PREFACE}${ticket}\n`);
}
