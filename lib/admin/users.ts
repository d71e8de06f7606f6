import type { DataPathWord } from "../wire/messages.ts";

/** How long the DNS server may take to tell where a name is. */
const DNS_TIMEOUT_MS = 3_000;

/** Where a user's name is, beside where the wildcard is. */
export interface NameInDns {
  /**
   * `wildcard`: it has no address of its own; `same`: it has the wildcard's; `differs`: it has others;
   * `nowhere`: there is none.
   */
  state: "wildcard" | "same" | "differs" | "nowhere";
  addresses: string[];
  /** The wildcard's. */
  wildcard: string[];
}

/** A user, or a blocked name, as the operator sees it; times are RFC 3339. */
export interface UserView {
  username: string;
  hostname: string;
  /** `setup` was never online; `unknown` is a blocked name without an account. */
  state: "online" | "offline" | "setup" | "unknown";
  /** Since when the operator blocks the name. */
  blockedAt: string | null;
  createdAt: string | null;
  verifiedAt: string | null;
  lastOnlineAt: string | null;
  /** End of the newest certificate. */
  certificateNotAfter: string | null;
  /** Where the name is in the DNS, asked for one user only; null when it is not known. */
  dns: NameInDns | null;
  /** Visitors' connections now; null when the relay does not run. */
  visitors: number | null;
  /**
   * What the client says of its way to the data port: `works`, or why visitors cannot be served; null
   * when it said nothing, or is not online.
   */
  dataPath: DataPathWord | null;
  /** Parked data connections now; null when the relay does not run. */
  parked: number | null;
}

/**
 * What the operator can do with users, beside the relay that runs or on its state alone. Rejects as the
 * store.
 */
export interface UserDesk {
  list(): Promise<UserView[]>;
  /** Undefined for a name that has no account and is not blocked. */
  show(username: string): Promise<UserView | undefined>;
  /** Closes the user's session and visitors, and shows the suspended page until unblocked. */
  block(username: string): Promise<void>;
  /** False when the name was not blocked. */
  unblock(username: string): Promise<boolean>;
  /** Ends the account: anybody can claim the name. False when there was none. */
  release(username: string): Promise<boolean>;
}

/** An account as the store keeps it; times in milliseconds since the epoch. */
interface StoredAccount {
  username: string;
  createdAt: number;
  verifiedAt: number;
  lastOnlineAt?: number;
  blockedAt?: number;
}

/** Options for {@linkcode createUserDesk}; times in milliseconds since the epoch. */
export interface UserDeskOptions {
  accounts: {
    list(): Promise<StoredAccount[]>;
    listBlocked(): Promise<{ username: string; blockedAt: number }[]>;
    byUsername(username: string): Promise<StoredAccount | undefined>;
    /** Whether it changed anything. */
    setBlocked(username: string, blocked: boolean): Promise<boolean>;
  };
  hostnameOf: (username: string) => string;
  certificates: {
    latest(username: string): Promise<{ notAfter: number } | undefined>;
    /** Ends the orders that a blocked name has pending. */
    suspend(username: string): Promise<void>;
  };
  /** Gives a name free with all that it leaves behind; false if nobody has it. */
  release(username: string): Promise<boolean>;
  /** What only a running relay has. */
  live?: {
    isOnline(username: string): boolean;
    visitors(username: string): number;
    parked(username: string): number;
    /** Where a name is in the DNS; absent where the relay has nothing to do with it. */
    inDns?(hostname: string): Promise<NameInDns>;
    dataPath(username: string): DataPathWord | undefined;
    /** A time online that is not stored yet. */
    lastOnlineAt(username: string): number | undefined;
    /** Ends the user's session and visitors at once. */
    cutOff(username: string): void;
  };
}

/** Makes a desk over the relay's stores. */
export function createUserDesk(options: UserDeskOptions): UserDesk {
  const { accounts, hostnameOf, certificates, live } = options;

  async function view(
    account: StoredAccount | undefined,
    username: string,
    blockedAt?: number,
  ): Promise<UserView> {
    const certificate = await certificates.latest(username);
    const lastOnlineAt = live?.lastOnlineAt(username) ?? account?.lastOnlineAt;
    const state = account === undefined
      ? "unknown"
      : live?.isOnline(username)
      ? "online"
      : lastOnlineAt === undefined
      ? "setup"
      : "offline";
    return {
      username,
      hostname: hostnameOf(username),
      state,
      blockedAt: time(blockedAt),
      createdAt: time(account?.createdAt),
      verifiedAt: time(account?.verifiedAt),
      lastOnlineAt: time(lastOnlineAt),
      certificateNotAfter: time(certificate?.notAfter),
      visitors: live?.visitors(username) ?? null,
      dns: null,
      dataPath: live?.dataPath(username) ?? null,
      parked: live?.parked(username) ?? null,
    };
  }

  async function find(username: string): Promise<UserView | undefined> {
    const account = await accounts.byUsername(username);
    const blocked = await accounts.listBlocked();
    const blockedAt = blocked.find((name) => name.username === username)?.blockedAt;
    if (account === undefined && blockedAt === undefined) return undefined;
    return await view(account, username, blockedAt);
  }

  async function show(username: string): Promise<UserView | undefined> {
    const user = await find(username);
    if (user?.createdAt == null || live?.inDns === undefined) return user;
    const { promise: late, resolve } = Promise.withResolvers<null>();
    const timer = setTimeout(() => resolve(null), DNS_TIMEOUT_MS);
    const dns = await Promise.race([live.inDns(user.hostname).catch(() => null), late]);
    clearTimeout(timer);
    return { ...user, dns };
  }

  async function list(): Promise<UserView[]> {
    const all = await accounts.list();
    const known = new Set(all.map((account) => account.username));
    const others = (await accounts.listBlocked()).filter(({ username }) => !known.has(username));
    const views = await Promise.all([
      ...all.map((account) => view(account, account.username, account.blockedAt)),
      ...others.map(({ username, blockedAt }) => view(undefined, username, blockedAt)),
    ]);
    return views.sort((a, b) => a.username < b.username ? -1 : 1);
  }

  return {
    list,
    show,
    async block(username) {
      // On disk first: a session that is cut off must not come back.
      await accounts.setBlocked(username, true);
      live?.cutOff(username);
      await certificates.suspend(username);
    },
    unblock: (username) => accounts.setBlocked(username, false),
    release: (username) => options.release(username),
  };
}

function time(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
