import { settleWithin } from "../net/pause.ts";
import type { DataPathWord } from "../wire/messages.ts";
import { urlOf } from "../wire/names.ts";
import type {
  CaaView,
  FiguresView,
  LimitsView,
  NameInDns,
  ProfileView,
  UserDesk,
  UserView,
} from "./users.ts";

/** How long the DNS server may take to tell where a name is. */
const DNS_TIMEOUT_MS = 3_000;

const DAY_MS = 86_400_000;

/** How many users are looked up before others have their turn: a millisecond or two. */
const AT_ONCE = 50;

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

/** What visitors did at a user's, as the store keeps it. */
export interface StoredFigures {
  visitors: number;
  dialled: number;
  bytesToClient: number;
  bytesToVisitors: number;
  lastVisitAt?: number;
  /** Bytes of a day of UTC, counted from the epoch. */
  day: { day: number; bytes: number };
}

/** What was seen of a profile; times in milliseconds since the epoch. */
export interface StoredProfile {
  state: ProfileView["state"];
  since: number;
  checkedAt: number;
}

/** Limits of a user's own. */
export interface StoredLimits {
  connections?: number;
  bytesPerDay?: number;
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
  profiles: {
    of(username: string): Promise<StoredProfile | undefined>;
  };
  domains: {
    of(username: string): Promise<string[]>;
  };
  caa: {
    of(username: string): Promise<"relay" | { accountUrl: string } | undefined>;
  };
  figures: {
    of(username: string): Promise<StoredFigures | undefined>;
  };
  limits: {
    own(username: string): Promise<StoredLimits>;
  };
  hostnameOf: (username: string) => string;
  /** Where visitors reach the hub. @default {443} */
  publicPort?: number;
  /** Clock in milliseconds since the epoch. @default {Date.now} */
  now?: () => number;
  certificates: {
    latest(username: string): Promise<{ notAfter: number } | undefined>;
  };
  /** What only a running relay has. */
  live?: {
    isOnline(username: string): boolean;
    visitors(username: string): number;
    parked(username: string): number;
    pool(username: string): number;
    /** Where a name is in the DNS; absent where the relay has nothing to do with it. */
    inDns?(hostname: string): Promise<NameInDns>;
    /** How the CAA records of a user's name stand there. */
    caaInDns?(hostname: string): Promise<{ written: boolean; why?: string | undefined }>;
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
  const { accounts, rests, profiles, figures, limits, hostnameOf, certificates, live } = sources;
  const { domains, caa, publicPort = 443, now = Date.now } = sources;

  async function view(username: string, known: Known): Promise<UserView> {
    const { account, rest, block: { blockedAt, blockedReason } = {} } = known;
    const certificate = await certificates.latest(username);
    const lastOnlineAt = live?.lastOnlineAt(username) ?? account?.lastOnlineAt;
    return {
      username,
      hostname: hostnameOf(username),
      url: urlOf(hostnameOf(username), publicPort),
      state: stateOf(known, live?.isOnline(username), lastOnlineAt),
      blockedAt: time(blockedAt),
      blockedReason: blockedReason ?? null,
      restsUntil: time(rest?.until),
      createdAt: time(account?.createdAt),
      verifiedAt: time(account?.verifiedAt),
      profile: account === undefined ? null : profileView(await profiles.of(username)),
      lastOnlineAt: time(lastOnlineAt),
      certificateNotAfter: time(certificate?.notAfter),
      visitors: live?.visitors(username) ?? null,
      dns: null,
      dataPath: live?.dataPath(username) ?? null,
      parked: live?.parked(username) ?? null,
      pool: live?.pool(username) ?? null,
      domains: account === undefined ? [] : await domains.of(username),
      caa: account === undefined ? null : caaView(await caa.of(username)),
      figures: account === undefined ? null : figuresView(await figures.of(username), now()),
      limits: account === undefined ? null : limitsView(await limits.own(username)),
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
    const hostname = hostnameOf(username);
    const [dns, found] = await Promise.all([
      inTime(live.inDns(hostname)),
      user.caa && live.caaInDns && inTime(live.caaInDns(hostname)),
    ]);
    const caa = user.caa && found
      ? { ...user.caa, written: found.written, why: found.why ?? null }
      : user.caa;
    return { ...user, dns, caa };
  }

  async function list(): Promise<UserView[]> {
    const known = new Map<string, Known>();
    const add = (username: string, what: Known): void =>
      void known.set(username, { ...known.get(username), ...what });
    for (const account of await accounts.list()) add(account.username, { account });
    for (const block of await accounts.listBlocked()) add(block.username, { block });
    for (const rest of await rests.list()) add(rest.username, { rest });
    const names = [...known.keys()].sort();
    const views: UserView[] = [];
    for (let i = 0; i < names.length; i += AT_ONCE) {
      const some = names.slice(i, i + AT_ONCE);
      views.push(...await Promise.all(some.map((name) => view(name, known.get(name)!))));
      // The store answers at once: whatever else the relay does has its turn here.
      await new Promise((resolve) => setTimeout(resolve));
    }
    return views;
  }

  return { list, show };
}

function stateOf({ block, rest }: Known, isOnline?: boolean, lastOnlineAt?: number) {
  if (block !== undefined) return "blocked";
  if (rest !== undefined) return "resting";
  if (isOnline) return "online";
  return lastOnlineAt === undefined ? "setup" : "offline";
}

/** What the DNS server tells in time; else null. */
async function inTime<T>(answer: Promise<T>): Promise<T | null> {
  let told: T | null = null;
  await settleWithin(DNS_TIMEOUT_MS, [answer.then((value) => told = value)]);
  return told;
}

function caaView(caa: "relay" | { accountUrl: string } | undefined): CaaView | null {
  if (caa === undefined) return null;
  return { account: caa === "relay" ? caa : caa.accountUrl, written: null, why: null };
}

function figuresView(figures: StoredFigures | undefined, now: number): FiguresView {
  const { visitors = 0, dialled = 0, bytesToClient = 0, bytesToVisitors = 0 } = figures ?? {};
  const isToday = figures?.day.day === Math.floor(now / DAY_MS);
  return {
    visitors,
    dialledShare: visitors === 0 ? null : dialled / visitors,
    bytesToClient,
    bytesToVisitors,
    bytesToday: isToday ? figures.day.bytes : 0,
    lastVisitAt: time(figures?.lastVisitAt),
  };
}

function profileView(seen: StoredProfile | undefined): ProfileView | null {
  if (seen === undefined) return null;
  const { state, since, checkedAt } = seen;
  return { state, since: rfc3339(since), checkedAt: rfc3339(checkedAt) };
}

/** Limits of a user's own as commands show them. */
export function limitsView({ connections, bytesPerDay }: StoredLimits): LimitsView {
  return { connections: connections ?? null, bytesPerDay: bytesPerDay ?? null };
}

function time(ms: number | undefined): string | null {
  return ms === undefined ? null : rfc3339(ms);
}

function rfc3339(ms: number): string {
  return new Date(ms).toISOString();
}
