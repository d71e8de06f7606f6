import { hashSecret } from "../../wire/random_secret.ts";
import type { Account } from "../accounts.ts";
import type { Ask } from "./engine.ts";

/** How many tokens are remembered, those that were seen last. */
const MAX_TOKENS = 100_000;

/** An account, and the hash of the token that it was found by, in hexadecimal digits. */
interface Remembered {
  hash: string;
  account: Account;
}

/** Whose token was seen, as it is in memory; of the tokens there are only hashes. */
export class KnownTokens {
  /** By username: an account has one token; the one seen last is the last. */
  readonly #seen = new Map<string, Remembered>();
  /** Usernames by the hashes of their tokens. */
  readonly #byHash = new Map<string, string>();

  /** The account that was found by a token. */
  accountOf(token: string): Account | undefined {
    const username = this.#byHash.get(hexHash(token));
    return username === undefined ? undefined : this.#seen.get(username)?.account;
  }

  /** An account was found by a token. */
  see(token: string, account: Account): void {
    const { username } = account;
    this.forget(username);
    const hash = hexHash(token);
    this.#seen.set(username, { hash, account });
    this.#byHash.set(hash, username);
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > MAX_TOKENS && oldest !== undefined) this.forget(oldest);
  }

  forget(username: string): void {
    const remembered = this.#seen.get(username);
    if (remembered === undefined) return;
    this.#byHash.delete(remembered.hash);
    this.#seen.delete(username);
  }

  /** Forgets the tokens of some users, or of all, that are not those of their accounts any more. */
  async verify(ask: Ask, names?: readonly string[]): Promise<void> {
    const hashes = this.#hashes(names);
    if (hashes.size === 0) return;
    const { rows } = await ask<{ username: string }>(
      `SELECT username FROM account WHERE token_hash IN (
         SELECT decode(hash, 'hex') FROM unnest($1::text[]) AS seen (hash)
       )`,
      [[...hashes.values()]],
    );
    const valid = new Set(rows.map(({ username }) => username));
    for (const username of hashes.keys()) if (!valid.has(username)) this.forget(username);
  }

  /** The hashes of tokens by username, of these users or all. */
  #hashes(names: Iterable<string> = this.#seen.keys()): Map<string, string> {
    const found = new Map<string, string>();
    for (const username of names) {
      const hash = this.#seen.get(username)?.hash;
      if (hash !== undefined) found.set(username, hash);
    }
    return found;
  }
}

function hexHash(token: string): string {
  return hashSecret(token).toHex();
}
