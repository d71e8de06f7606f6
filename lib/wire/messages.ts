import { latin1 } from "./latin1.ts";
import { z } from "zod";

/** Subprotocol of a data connection over WebSocket. */
export const DATA_SUBPROTOCOL = "glosson-data.v1";

/** Subprotocol of the control WebSocket. */
export const SUBPROTOCOL = "glosson.v1";

/** Longest control message, bytes of UTF-8. */
export const MAX_MESSAGE_BYTES = 16 * 1024;

/** Most connections that a client may keep parked. */
export const MAX_POOL_SIZE = 64;

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

/** Whether a text can be a ticket. */
export function isTicket(text: string): boolean {
  return TICKET.test(text);
}

const ticket = z.string().regex(TICKET);

/**
 * What a client may say of its way to the data port, an extension of the protocol: that it works, or
 * why not. `foreign`: what answers there is no data port; `closed`: it ends connections at once.
 */
export const DATA_PATH_WORDS = [
  "works",
  "unknown-host",
  "refused",
  "timeout",
  "no-route",
  "closed",
  "foreign",
  "other",
] as const;

/** A word of {@linkcode DATA_PATH_WORDS}. */
export type DataPathWord = (typeof DATA_PATH_WORDS)[number];

/** What a client may say. Members that are not known are dropped. */
const clientMessage = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("pool"),
    size: z.int().min(0).max(MAX_POOL_SIZE),
    // No part of the protocol: whatever else stands there is as good as nothing.
    dataPath: z.enum(DATA_PATH_WORDS).optional().catch(undefined),
  }),
  z.object({ type: z.literal("refuse"), ticket, reason: z.string().optional() }),
]);

/** A message of a client. */
export type ClientMessage = z.infer<typeof clientMessage>;

const CLIENT_TYPES: readonly unknown[] = clientMessage.options.map((o) => o.shape.type.value);

/** Why the relay closes a control WebSocket. */
export type GoodbyeReason = "replaced" | "draining" | "revoked" | "protocol";

/** A message of the relay. */
export type RelayMessage =
  /** `url` is the page's address, with its port where that is not 443. */
  | { type: "online"; hostname: string; url: string; dataHost: string; dataPort: number }
  | {
    type: "connect";
    ticket: string;
    visitor: { address: string; port: number };
    expiresInMs: number;
    /** Where this ticket is to be shown; absent where it is as `online` said. */
    dataHost?: string;
    dataPort?: number;
  }
  | { type: "tickets"; tickets: string[]; dataHost?: string; dataPort?: number }
  /** `retryAfterMs` null: do not come back by yourself. */
  | { type: "goodbye"; reason: GoodbyeReason; retryAfterMs: number | null };

/** What a text frame of a client turns out to be. */
export type ReadMessage =
  | { state: "message"; message: ClientMessage }
  | { state: "ignored" }
  | { state: "bad"; detail: string };

/** Reads a text frame of a client; a type that is not known is `ignored`, not bad. */
export function readClientMessage(frame: string): ReadMessage {
  // A UTF-16 unit is at least one byte of UTF-8: the cheap test comes first.
  if (frame.length > MAX_MESSAGE_BYTES || utf8Length(frame) > MAX_MESSAGE_BYTES) {
    return { state: "bad", detail: `message is longer than ${MAX_MESSAGE_BYTES} bytes` };
  }
  let value: unknown;
  try {
    value = JSON.parse(frame);
  } catch {
    return { state: "bad", detail: "message is not JSON" };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { state: "bad", detail: "message is not a JSON object" };
  }
  const { type } = value as { type?: unknown };
  if (typeof type !== "string") return { state: "bad", detail: "message has no type" };
  if (!CLIENT_TYPES.includes(type)) return { state: "ignored" };
  const parsed = clientMessage.safeParse(value);
  if (parsed.success) return { state: "message", message: parsed.data };
  const issue = parsed.error.issues[0]!;
  return {
    state: "bad",
    detail: `${type}: ${issue.path.join(".") || "message"}: ${issue.message}`,
  };
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}

const PREFACE = "GLOSSON/1 ";

/** Length of the data preface: the word, a ticket, a newline. */
export const PREFACE_BYTES = PREFACE.length + TICKET_BYTES + 1;

/** What the relay writes before it closes a data connection that it does not take. */
export const DATA_REFUSED = new TextEncoder().encode("GLOSSON/1 refused\n");

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
