import { Pace } from "../../net/pace.ts";
import { settleWithin } from "../../net/pause.ts";
import type { Account, BlockedName, HiddenNames } from "../accounts.ts";
import type { DomainOwners, OwnDomain } from "../domains.ts";
import { toBlockedName } from "../rows.ts";
import type { Ask, PostgresEngine } from "./engine.ts";
import { orElse, passOver } from "./known_answer.ts";
import { KnownDomains } from "./known_domains.ts";
import { KnownTokens } from "./known_tokens.ts";
import { listen, type Listening } from "./listener.ts";
import { NAME_CHANNEL, noteUntold, Teller, type Untold } from "./untold.ts";

/** How long a change is held up by that, milliseconds; it is tried on. */
const TELL_MS = 2_000;

/** What an older relay tells in the place of a name when it starts: one that was killed may not have told all. */
const ANY = "";

/** Says of a name that what is kept of it changes, and what relays have to do about it besides reading it. */
export type Tell = (username: string, ...notices: NonNullable<Untold["notice"]>[]) => void;

/** Pause before what could not be read is read again, milliseconds. */
const RETRY_MS = 1_000;

/**
 * What a relay remembers of the accounts, for the time when the database is away: whose token it has seen,
 * which names are blocked, whose users want no page, and whose domain is whose. Every relay is told when one of them changes
 * something, and reads it anew; it reads all of it when it has missed what was told.
 */
export class KnownAccounts {
  readonly #engine: PostgresEngine;
  readonly #hidden = new Set<string>();
  readonly #blocks = new Map<string, BlockedName>();
  readonly #domains = new KnownDomains();
  readonly #tokens = new KnownTokens();
  readonly #teller: Teller;
  /** The names that are to be read anew, each with the number of what was told of it last. */
  readonly #due = new Map<string, number>();
  #told = 0;
  /** What reads, one after another: what was read later is the newer. */
  #reading: Promise<void> = Promise.resolve();
  #passDue = false;
  /** Each change of a user's is read by all relays, however fast somebody changes what is theirs. */
  readonly #pace = new Pace();
  #retry: ReturnType<typeof setTimeout> | undefined;
  #listening: Listening | undefined;

  constructor(engine: PostgresEngine) {
    this.#engine = engine;
    this.#teller = new Teller(engine);
  }

  /** Who wants no page. */
  get hidden(): HiddenNames {
    return this.#hidden;
  }

  /** Whose domain is whose. */
  get owners(): DomainOwners {
    return this.#domains;
  }

  /** Resolves once it knows, and then keeps up until it is closed. */
  async start(): Promise<void> {
    await this.#readAll();
    this.#listening = listen(this.#engine, {
      channels: [NAME_CHANNEL],
      onNotice: (_channel, username) =>
        void (username === ANY ? this.#readAll().catch(passOver) : this.refresh(username)),
      onConnected: () => this.#readAll(),
    });
    void this.#teller.tell();
  }

  /** To be called once the engine is closed. */
  async close(): Promise<void> {
    this.#pace.stop();
    await this.#listening?.close();
    await this.#teller.close();
    await this.#reading;
    clearTimeout(this.#retry);
  }

  /**
   * Changes what is kept of names, each of which `work` tells of: it is read anew here and by all other relays, which
   * are told once that is committed.
   *
   * @param onDone told of the result before the names are read.
   * @throws {StoreError} as {@linkcode PostgresEngine.write}.
   */
  async change<T>(
    work: (ask: Ask, tell: Tell) => Promise<T>,
    onDone?: (result: T) => unknown,
  ): Promise<T> {
    let untold: Untold[] = [];
    try {
      const result = await this.#engine.write(async (ask) => {
        untold = [];
        const result = await work(ask, (username, ...notices) => {
          if (notices.length === 0) untold.push({ username });
          for (const notice of notices) untold.push({ username, notice });
        });
        await noteUntold(ask, untold);
        return result;
      });
      onDone?.(result);
      return result;
    } finally {
      // Also where it failed: it may have been committed, and the answer lost.
      await settleWithin(TELL_MS, [this.#tell(untold.map(({ username }) => username))]);
    }
  }

  /** What the database answers to a token; while it is away what it answered last, blocked or not. */
  async accountOf(
    token: string,
    answer: Promise<Account | undefined>,
  ): Promise<Account | undefined> {
    const known = this.#tokens.accountOf(token);
    // Until a name is read that is another one by now, its token may be nobody's.
    const isGood = known !== undefined && !this.#due.has(known.username);
    const { value, isKnown } = await orElse(answer, isGood ? this.#withBlock(known) : undefined);
    if (value !== undefined && !isKnown) this.see(token, value);
    return value;
  }

  /** What the database answers to a name's block; while it is away what it answered last. */
  async blockOf(
    username: string,
    answer: Promise<BlockedName | undefined>,
  ): Promise<BlockedName | undefined> {
    return (await orElse(answer, this.#blocks.get(username))).value;
  }

  /** The database has answered that a token is that of an account. */
  see(token: string, account: Account): void {
    this.#tokens.see(token, account);
    this.#hide(account.username, account.preferences.offlinePage === "none");
  }

  /** A name has no account any more. */
  forget(username: string): void {
    this.#tokens.forget(username);
    this.#hidden.delete(username);
    this.#domains.set(username, []);
  }

  /**
   * Reads what is kept of a name anew; its token is not known until it could be. Resolves once that was
   * tried; it is tried until it succeeds.
   */
  refresh(username: string): Promise<void> {
    this.#due.set(username, ++this.#told);
    return this.#pass();
  }

  /** Reads names anew, and has the others. */
  async #tell(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    await Promise.all(names.map((username) => this.refresh(username)));
    await this.#teller.tell();
  }

  /** Reads what is due; resolves once that was tried by a pass that began after this was called. */
  #pass(): Promise<void> {
    if (!this.#passDue) {
      this.#passDue = true;
      this.#reading = this.#reading.then(() => this.#readDue());
    }
    return this.#reading;
  }

  async #readDue(): Promise<void> {
    await this.#pace.turn();
    this.#passDue = false;
    clearTimeout(this.#retry);
    const due = new Map(this.#due);
    try {
      await this.#engine.read(async (ask) => {
        await this.#read(ask, [...due.keys()]);
        for (const [username, told] of due) {
          if (this.#due.get(username) === told) this.#due.delete(username);
        }
      });
    } catch (error) {
      passOver(error);
      if (this.#engine.closing.aborted) return;
      this.#retry = setTimeout(() => void this.#pass(), RETRY_MS);
    }
  }

  /** Whatever is told meanwhile is read after it. */
  #readAll(): Promise<void> {
    const read = this.#reading.then(() => this.#engine.read((ask) => this.#read(ask)));
    this.#reading = read.catch(passOver);
    return read;
  }

  /** Reads what is kept of some names, or of all. */
  async #read(ask: Ask, names?: readonly string[]): Promise<void> {
    const which = "($1::text[] IS NULL OR username = ANY ($1))";
    const { rows: hidden } = await ask<{ username: string }>(
      `SELECT username FROM account WHERE offline_page = 'none' AND ${which}`,
      [names],
    );
    const { rows: blocks } = await ask(`SELECT * FROM blocked_name WHERE ${which}`, [names]);
    const { rows: domains } = await ask<OwnDomain>(
      `SELECT domain, username FROM own_domain WHERE ${which} ORDER BY domain`,
      [names],
    );
    await this.#tokens.verify(ask, names);
    // All at once, so that nobody is seen as without what they have.
    if (names === undefined) {
      for (const all of [this.#hidden, this.#blocks, this.#domains]) all.clear();
    }
    for (const username of names ?? []) {
      this.#hidden.delete(username);
      this.#blocks.delete(username);
      this.#domains.set(username, []);
    }
    for (const { username } of hidden) this.#hidden.add(username);
    for (const row of blocks) this.#blocks.set(String(row.username), toBlockedName(row));
    for (const [username, own] of Map.groupBy(domains, ({ username }) => username)) {
      this.#domains.set(username, own.map(({ domain }) => domain));
    }
  }

  #withBlock(account: Account): Account {
    const { blockedAt: _at, blockedReason: _why, ...plain } = account;
    return { ...plain, ...this.#blocks.get(account.username) };
  }

  #hide(username: string, hide: boolean): void {
    if (hide) this.#hidden.add(username);
    else this.#hidden.delete(username);
  }
}
