import { randomBytes } from "node:crypto";
import type { Store } from "../../lib/store/store.ts";

/** Gives a name an account, or its account another token, as a claim does; the token. */
export async function grantToken(store: Store, username: string): Promise<string> {
  const grant = await store.claims.grant({
    hash: randomBytes(32),
    expiresAt: Number.MAX_SAFE_INTEGER,
    username,
    mayBeNew: true,
  });
  if (grant.state !== "granted") throw new Error(`Cannot grant ${username}: ${grant.state}`);
  return grant.token;
}
