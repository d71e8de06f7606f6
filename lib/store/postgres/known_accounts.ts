import { hashSecret } from "../../wire/random_secret.ts";
import type { Account, BlockedName, HiddenNames } from "../accounts.ts";
import type { DomainOwners, OwnDomain } from "../domains.ts";
import { StoreError } from "../error.ts";
import { toBlockedName } from "../rows.ts";
import type { Ask, PostgresEngine } from "./engine.ts";
import { listen, type Listening } from "./listener.ts";
import { NAME_CHANNEL } from "./names_lock.ts";

/** How many tokens are remembered, those that were seen last. */
const MAX_TOKENS = 100_000;

/** How long the database may take, before what is remembered has to do. */
const PATIENCE_MS = 1_500;

/** An account, and the hash of the token that it was found by. */
interface Remembered {
  hash: string;
  account: Account;
}

/**
 * What a relay remembers of the accounts, for the time when the database is away: whose token it has seen,
 * which names are blocked, whose users want no page, and whose domain is whose. Every relay is told when one of them changes
 * something, and reads it anew; it reads all of it when it has missed what was told.
 */
export class KnownAccounts {
  readonly #engine: PostgresEngine;
  readonly #hidden = new Set<string>();
  #blocks = new Map<string, BlockedName>();
  #domains = new Map<string, string>();
  /** By username: an account has one token; the one seen last is the last. */
  readonly #seen = new Map<string, Remembered>();
  /** Usernames by the hashes of their tokens. */
  readonly #byHash = new Map<string, string>();
  #listening: Listening | undefined;

  constructor(engine: PostgresEngine) {
    this.#engine = engine;
  }

  /** Who wants no page. */
  get hidden(): HiddenNames {
    return this.#hidden;
  }

  /** Whose domain is whose. */
  get owners(): DomainOwners {
    return { of: (domain) => this.#domains.get(domain) };
  }

  /** Resolves once it knows, and then keeps up until it is closed. */
  async start(): Promise<void> {
    await this.#readAll();
    this.#listening = listen(this.#engine, {
      channels: [NAME_CHANNEL],
      onNotice: (_channel, username) => void this.refresh(username),
      onConnected: () => this.#readAll(),
    });
  }

  async close(): Promise<void> {
    await this.#listening?.close();
  }

  /** What the database answers to a token; while it is away what it answered last, blocked or not. */
  async accountOf(
    token: string,
    answer: Promise<Account | undefined>,
  ): Promise<Account | undefined> {
    const username = this.#byHash.get(textOf(hashSecret(token)));
    const known = username === undefined ? undefined : this.#seen.get(username)?.account;
    const account = await orElse(answer, known && this.#withBlock(known));
    if (account !== undefined) this.see(token, account);
    return account;
  }

  /** What the database answers to a name's block; while it is away what it answered last. */
  async blockOf(
    username: string,
    answer: Promise<BlockedName | undefined>,
  ): Promise<BlockedName | undefined> {
    return await orElse(answer, this.#blocks.get(username));
  }

  /** An account was found by a token. */
  see(token: string, account: Account): void {
    const { username } = account;
    this.#forgetToken(username);
    const hash = textOf(hashSecret(token));
    this.#seen.set(username, { hash, account });
    this.#byHash.set(hash, username);
    this.#hide(username, account.preferences.offlinePage === "none");
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > MAX_TOKENS && oldest !== undefined) this.#forgetToken(oldest);
  }

  /** A name has no account any more. */
  forget(username: string): void {
    this.#forgetToken(username);
    this.#hidden.delete(username);
    this.#setDomains(username, []);
  }

  /** Reads what is kept of a name anew; its token is not known until it could be. */
  async refresh(username: string): Promise<void> {
    const remembered = this.#seen.get(username);
    this.#forgetToken(username);
    // Where it cannot be read, all is as soon as the connection is there again.
    await this.#engine.read(async (ask) => {
      const { rows: [row] } = await ask<{ hash: string; offline_page: string }>(
        "SELECT encode(token_hash, 'hex') AS hash, offline_page FROM account WHERE username = $1",
        [username],
      );
      this.#hide(username, row?.offline_page === "none");
      const { rows: [block] } = await ask("SELECT * FROM blocked_name WHERE username = $1", [
        username,
      ]);
      if (block === undefined) this.#blocks.delete(username);
      else this.#blocks.set(username, toBlockedName(block));
      const { rows: domains } = await ask<OwnDomain>(
        "SELECT domain FROM own_domain WHERE username = $1",
        [username],
      );
      this.#setDomains(username, domains);
      if (remembered !== undefined && row?.hash === remembered.hash) this.#keep(remembered);
    }).catch(passOver);
  }

  async #readAll(): Promise<void> {
    await this.#engine.read(async (ask) => {
      const hidden = await usernames(
        ask,
        "SELECT username FROM account WHERE offline_page = 'none'",
      );
      for (const username of this.#hidden) if (!hidden.has(username)) this.#hidden.delete(username);
      for (const username of hidden) this.#hidden.add(username);
      const { rows } = await ask("SELECT * FROM blocked_name");
      this.#blocks = new Map(rows.map((row) => [String(row.username), toBlockedName(row)]));
      const { rows: domains } = await ask<OwnDomain>("SELECT domain, username FROM own_domain");
      this.#domains = new Map(domains.map(({ domain, username }) => [domain, username]));
      await this.#verify(ask);
    });
  }

  /** Forgets the tokens that are not those of their accounts any more. */
  async #verify(ask: Ask): Promise<void> {
    if (this.#seen.size === 0) return;
    const hashes = [...this.#seen.values()].map(({ hash }) => hash);
    const valid = await usernames(
      ask,
      `SELECT username FROM account WHERE token_hash IN (
         SELECT decode(hash, 'hex') FROM unnest($1::text[]) AS seen (hash)
       )`,
      [hashes],
    );
    for (const username of [...this.#seen.keys()]) {
      if (!valid.has(username)) this.#forgetToken(username);
    }
  }

  #withBlock(account: Account): Account {
    const { blockedAt: _at, blockedReason: _why, ...plain } = account;
    return { ...plain, ...this.#blocks.get(account.username) };
  }

  #keep(remembered: Remembered): void {
    const { hash, account } = remembered;
    this.#seen.set(account.username, remembered);
    this.#byHash.set(hash, account.username);
  }

  #forgetToken(username: string): void {
    const remembered = this.#seen.get(username);
    if (remembered === undefined) return;
    this.#byHash.delete(remembered.hash);
    this.#seen.delete(username);
  }

  #setDomains(username: string, own: readonly Pick<OwnDomain, "domain">[]): void {
    for (const [domain, owner] of this.#domains) {
      if (owner === username) this.#domains.delete(domain);
    }
    for (const { domain } of own) this.#domains.set(domain, username);
  }

  #hide(username: string, hide: boolean): void {
    if (hide) this.#hidden.add(username);
    else this.#hidden.delete(username);
  }
}

/** The answer; what is known instead where it takes too long, or cannot be had. */
async function orElse<T>(answer: Promise<T>, known: T | undefined): Promise<T> {
  if (known === undefined) return await answer;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<T>((resolve) => timer = setTimeout(resolve, PATIENCE_MS, known));
  try {
    return await Promise.race([answer, late]);
  } catch (error) {
    if (error instanceof StoreError) return known;
    throw error;
  } finally {
    clearTimeout(timer);
    answer.catch(passOver);
  }
}

/** What the database being away comes to is told by whoever asked it. */
function passOver(error: unknown): void {
  if (!(error instanceof StoreError)) throw error;
}

async function usernames(
  ask: Ask,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Set<string>> {
  const { rows } = await ask<{ username: string }>(sql, values);
  return new Set(rows.map(({ username }) => username));
}

function textOf(hash: Uint8Array): string {
  return hash.toHex();
}
