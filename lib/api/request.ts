import type { DATA_SUBPROTOCOL, SUBPROTOCOL } from "../wire/messages.ts";
import { suspendedDetail } from "../wire/problems.ts";
import { Problem } from "./problem.ts";
import type { AccountView, ApiOptions } from "./services.ts";

/** The bearer token of a request; empty, which is nobody's, when it has none. */
export function bearerToken(request: Request): string {
  const header = request.headers.get("Authorization") ?? "";
  return /^Bearer +([\w.~+/-]+=*) *$/i.exec(header)?.[1] ?? "";
}

/**
 * The account that a request's token belongs to. Rejects as the store, and with what
 * {@linkcode allowed} throws.
 */
export async function authorised(
  request: Request,
  { accounts, contact }: Pick<ApiOptions, "accounts" | "contact">,
): Promise<AccountView> {
  return allowed(await accounts.byToken(bearerToken(request)), contact);
}

/**
 * The account of a token, where it is one and may act.
 *
 * @throws {Problem} `unauthorized` or `suspended`.
 */
export function allowed(
  account: AccountView | undefined,
  contact: ApiOptions["contact"],
): AccountView {
  if (account === undefined) throw unauthorized();
  const { username, blockedAt, blockedReason: reason } = account;
  if (blockedAt !== undefined) {
    throw new Problem("suspended", suspendedDetail(username, { reason, contact: contact?.() }));
  }
  return account;
}

/** For a request whose token is not, or no longer, an account's. */
export function unauthorized(): Problem {
  return new Problem(
    "unauthorized",
    "Send the token of your account as Authorization: Bearer TOKEN; a lost token is replaced by claiming the name again.",
  );
}

/**
 * Checks that a request is a whole opening handshake of our subprotocol (RFC 6455 section 4.2.1).
 *
 * @throws {Problem} `upgrade-required` when it is not.
 */
export function requireWebSocket(
  { method, headers }: Request,
  protocol: typeof SUBPROTOCOL,
): void {
  const has = (name: string, word: string): boolean =>
    (headers.get(name) ?? "").split(",").some((w) => w.trim().toLowerCase() === word);
  if (
    method === "GET" && has("Upgrade", "websocket") && has("Connection", "upgrade") &&
    has("Sec-WebSocket-Version", "13") && has("Sec-WebSocket-Protocol", protocol) &&
    /^[A-Za-z0-9+/]{22}==$/.test(headers.get("Sec-WebSocket-Key") ?? "")
  ) return;
  throw upgradeRequired(protocol);
}

/** For a request that should have been the opening handshake of a subprotocol. */
export function upgradeRequired(
  protocol: typeof SUBPROTOCOL | typeof DATA_SUBPROTOCOL,
): Problem {
  return new Problem(
    "upgrade-required",
    `Open a WebSocket over HTTP/1.1 with Sec-WebSocket-Protocol: ${protocol}.`,
    // The version tells who speaks another one which to take (RFC 6455 section 4.2.2).
    { headers: { "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13" } },
  );
}
