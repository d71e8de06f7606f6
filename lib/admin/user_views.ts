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
}

/** A blocked name as the store keeps it, with an account or without. */
export interface StoredBlock {
  username: string;
  blockedAt: number;
  blockedReason?: string;
}

/** A name that rests as the store keeps it. */
export interface StoredRest {
  username: string;
  until: number;
}

/** Where views of users are made from; times in milliseconds since the epoch. */
export interface ViewSources {
  accounts: {
    list(): Promise<StoredAccount[]>;
    listBlocked(): Promise<StoredBlock[]>;
    byUsername(username: string): Promise<StoredAccount | undefined>;
    blockOf(username: string): Promise<StoredBlock | undefined>;
  };
  rests: {
    of(username: string): Promise<StoredRest | undefined>;
    list(): Promise<StoredRest[]>;
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

/** What the stores have of a name. */
interface Known {
  account?: StoredAccount | undefined;
  block?: StoredBlock | undefined;
  rest?: StoredRest | undefined;
}

/** Makes views of what the stores and the running relay tell. They reject as the store. */
export function createUserViews(sources: ViewSources): Pick<UserDesk, "list" | "show"> {
  const { accounts, rests, hostnameOf, certificates, live } = sources;

  async function view(username: string, known: Known): Promise<UserView> {
    const { account, rest, block: { blockedAt, blockedReason } = {} } = known;
    const certificate = await certificates.latest(username);
    const lastOnlineAt = live?.lastOnlineAt(username) ?? account?.lastOnlineAt;
    const state = blockedAt !== undefined
      ? "blocked"
      : rest !== undefined
      ? "resting"
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
      restsUntil: time(rest?.until),
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
    const block = await accounts.blockOf(username);
    const rest = await rests.of(username);
    if ((account ?? block ?? rest) === undefined) return undefined;
    const user = await view(username, { account, block, rest });
    if (!isDnsWanted || account === undefined || live?.inDns === undefined) return user;
    const { promise: late, resolve } = Promise.withResolvers<null>();
    const timer = setTimeout(() => resolve(null), DNS_TIMEOUT_MS);
    const dns = await Promise.race([live.inDns(hostnameOf(username)).catch(() => null), late]);
    clearTimeout(timer);
    return { ...user, dns };
  }

  async function list(): Promise<UserView[]> {
    const known = new Map<string, Known>();
    const add = (username: string, what: Known): void =>
      void known.set(username, { ...known.get(username), ...what });
    for (const account of await accounts.list()) add(account.username, { account });
    for (const block of await accounts.listBlocked()) add(block.username, { block });
    for (const rest of await rests.list()) add(rest.username, { rest });
    const names = [...known.keys()].sort();
    return await Promise.all(names.map((username) => view(username, known.get(username)!)));
  }

  return { list, show };
}

function time(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
