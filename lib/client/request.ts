import { SUBPROTOCOL } from "../wire/messages.ts";
import { Problem } from "./problem.ts";

/** Largest request body; a CSR of a 4096-bit key is below 2 KiB. */
const MAX_BODY_BYTES = 64 * 1024;

/** The bearer token of a request; empty, which is nobody's, when it has none. */
export function bearerToken(request: Request): string {
  const header = request.headers.get("Authorization") ?? "";
  return /^Bearer +([\w.~+/-]+=*) *$/i.exec(header)?.[1] ?? "";
}

/**
 * Checks that a request is a whole opening handshake of our subprotocol (RFC 6455 section 4.2.1).
 *
 * @throws {Problem} `upgrade-required` when it is not.
 */
export function requireWebSocket({ method, headers }: Request): void {
  const has = (name: string, word: string): boolean =>
    (headers.get(name) ?? "").split(",").some((w) => w.trim().toLowerCase() === word);
  if (
    method === "GET" && has("Upgrade", "websocket") && has("Connection", "upgrade") &&
    has("Sec-WebSocket-Version", "13") && has("Sec-WebSocket-Protocol", SUBPROTOCOL) &&
    /^[A-Za-z0-9+/]{22}==$/.test(headers.get("Sec-WebSocket-Key") ?? "")
  ) return;
  throw new Problem(
    "upgrade-required",
    `Open a WebSocket over HTTP/1.1 with Sec-WebSocket-Protocol: ${SUBPROTOCOL}.`,
    { headers: { "Upgrade": "websocket", "Connection": "Upgrade" } },
  );
}

/**
 * Reads a request's body: a JSON object of at most {@linkcode MAX_BODY_BYTES}.
 *
 * @throws {Problem} `too-large` or `bad-request`.
 */
export async function readBody(request: Request): Promise<Record<string, unknown>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  let value: unknown;
  try {
    for await (const chunk of request.body ?? []) {
      length += chunk.length;
      if (length > MAX_BODY_BYTES) break;
      chunks.push(chunk);
    }
    value = length > MAX_BODY_BYTES ? undefined : JSON.parse(await new Blob(chunks).text());
  } catch {
    // Not JSON, or the peer went: told below, like JSON that is no object.
  }
  if (length > MAX_BODY_BYTES) {
    throw new Problem("too-large", `Send at most ${MAX_BODY_BYTES} bytes.`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Problem("bad-request", "Send a JSON object.");
  }
  return value as Record<string, unknown>;
}
