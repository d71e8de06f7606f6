import type { DataPathWord } from "../wire/messages.ts";
import type { NameInDns, UserDesk, UserView } from "./users.ts";

/** How long the DNS server may take to tell where a name is. */
const DNS_TIMEOUT_MS = 3_000;

/** An account as the store keeps it; times in milliseconds since the epoch. */
export interface StoredAccount {
  username: string;
  createdAt: number;
  verifiedAt: number;
  lastOnlineAt?: number;
  blockedAt?: number;
  blockedReason?: string;
}

/** A blocked name as the store keeps it, with an account or without. */
export interface StoredBlock {
  username: string;
  blockedAt: number;
  blockedReason?: string;
}

/** Where views of users are made from; times in milliseconds since the epoch. */
export interface ViewSources {
  accounts: {
    list(): Promise<StoredAccount[]>;
    listBlocked(): Promise<StoredBlock[]>;
    byUsername(username: string): Promise<StoredAccount | undefined>;
    blockOf(username: string): Promise<StoredBlock | undefined>;
  };
  hostnameOf: (username: string) => string;
  certificates: {
    latest(username: string): Promise<{ notAfter: number } | undefined>;
  };
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
  };
}

/** Makes views of what the stores and the running relay tell. They reject as the store. */
export function createUserViews(sources: ViewSources): Pick<UserDesk, "list" | "show"> {
  const { accounts, hostnameOf, certificates, live } = sources;

  /** Of an account, or of a name that is blocked without one. */
  async function view(
    account: StoredAccount | undefined,
    { username, blockedAt, blockedReason }: Partial<StoredBlock> & { username: string },
  ): Promise<UserView> {
    const certificate = await certificates.latest(username);
    const lastOnlineAt = live?.lastOnlineAt(username) ?? account?.lastOnlineAt;
    const state = blockedAt !== undefined
      ? "blocked"
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
      blockedReason: blockedReason ?? null,
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

  async function show(
    username: string,
    { dns: isDnsWanted = false } = {},
  ): Promise<UserView | undefined> {
    const account = await accounts.byUsername(username);
    const known = account ?? await accounts.blockOf(username);
    const user = known && await view(account, known);
    if (!isDnsWanted || account === undefined || live?.inDns === undefined) return user;
    const { promise: late, resolve } = Promise.withResolvers<null>();
    const timer = setTimeout(() => resolve(null), DNS_TIMEOUT_MS);
    const dns = await Promise.race([live.inDns(hostnameOf(username)).catch(() => null), late]);
    clearTimeout(timer);
    return user && { ...user, dns };
  }

  async function list(): Promise<UserView[]> {
    const all = await accounts.list();
    const known = new Set(all.map((account) => account.username));
    const others = (await accounts.listBlocked()).filter(({ username }) => !known.has(username));
    const views = await Promise.all([
      ...all.map((account) => view(account, account)),
      ...others.map((block) => view(undefined, block)),
    ]);
    return views.sort((a, b) => a.username < b.username ? -1 : 1);
  }

  return { list, show };
}

function time(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
