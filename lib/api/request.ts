import type { DATA_SUBPROTOCOL, SUBPROTOCOL } from "../wire/messages.ts";
import { openingFault } from "../wire/web_socket_opening.ts";
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
 * For a request that should have been the opening handshake of a subprotocol, whatever it lacks of that: by RFC 6455
 * section 4.2.1 any status that fits will do, and one says it for all.
 */
export function upgradeRequired(
  protocol: typeof SUBPROTOCOL | typeof DATA_SUBPROTOCOL,
  { headers }: Request,
): Problem {
  const fault = openingFault(headers, protocol);
  const mend = fault === undefined
    ? "in a head of at most 4 KiB and without a body"
    : `send ${fault}`;
  return new Problem(
    "upgrade-required",
    `Open a WebSocket over HTTP/1.1 with Sec-WebSocket-Protocol: ${protocol}; ${mend}.`,
    // The version tells who speaks another one which to take (RFC 6455 section 4.2.2).
    { headers: { "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13" } },
  );
}
