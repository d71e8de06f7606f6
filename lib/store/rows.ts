/*
 * What the rows of the tables mean, which have the same columns in every engine: numbers, texts, bytes and
 * null.
 */
import type { Account, BlockedName, Preferences } from "./accounts.ts";
import type { Act, ActWord } from "./acts.ts";
import { type Issuer, ISSUER_KEPT_MS, type UserCaa } from "./caa.ts";
import type { UserFigures } from "./figures.ts";
import type { KeptNames } from "./kept_names.ts";
import type { Limits } from "./limits.ts";
import type { OwnedSets } from "./names.ts";
import type { Attendance } from "./online_times.ts";
import type { Order, Outlook, QueuedOrder } from "./orders.ts";
import type { Rest } from "./rests.ts";

/** A row as an engine hands it over. */
export type Row = Record<string, unknown>;

/**
 * What a released name's orders are filed under: they still count against budget and limits, yet the
 * next owner must not see them. No username has a colon.
 */
export const RELEASED = "released:";

/** How long what an order came to waits for the database: a certificate costs more than that. */
export const PATIENT_MS = 600_000;

/** An account of the columns of `account` and of its row in `blocked_name`. */
export function toAccount(row: Row | undefined): Account | undefined {
  if (row === undefined) return undefined;
  const account: Account = {
    username: String(row.username),
    createdAt: Number(row.created_at),
    verifiedAt: Number(row.verified_at),
    preferences: {
      offlinePage: row.offline_page as Preferences["offlinePage"],
      lastSeen: row.last_seen !== 0,
      away: row.away === null ? null : String(row.away),
    },
  };
  if (row.last_online_at !== null) account.lastOnlineAt = Number(row.last_online_at);
  if (row.blocked_at !== null) Object.assign(account, toBlockedName(row));
  return account;
}

/** A row of `blocked_name`. */
export function toBlockedName(row: Row): BlockedName {
  return {
    username: String(row.username),
    blockedAt: Number(row.blocked_at),
    ...(row.reason !== null && { blockedReason: String(row.reason) }),
  };
}

/** A row of `act`. */
export function toAct(row: Row): Act {
  return {
    at: Number(row.at),
    act: row.act as ActWord,
    by: row.by as Act["by"],
    ...(row.username !== null && { username: String(row.username) }),
    ...(row.detail !== null && { detail: String(row.detail) }),
    ...(row.uid !== null && { uid: Number(row.uid) }),
    ...(row.sudo_uid !== null && { sudoUid: Number(row.sudo_uid) }),
    ...(row.reason !== null && { reason: String(row.reason) }),
  };
}

/** A row of `user_figure`. */
export function toFigures(row: Row): UserFigures {
  return {
    visitors: Number(row.visitors),
    dialled: Number(row.dialled),
    bytesToClient: Number(row.bytes_to_client),
    bytesToVisitors: Number(row.bytes_to_visitors),
    ...(row.last_visit_at !== null && { lastVisitAt: Number(row.last_visit_at) }),
    day: { day: Number(row.day), bytes: Number(row.day_bytes) },
  };
}

/** A row of `user_limit`. */
export function toLimits(row: Row): Limits {
  return {
    ...(row.connections !== null && { connections: Number(row.connections) }),
    ...(row.bytes_per_day !== null && { bytesPerDay: Number(row.bytes_per_day) }),
  };
}

/** The sets of one name, of rows of `name_record`. */
export function toSets(rows: Row[]): OwnedSets {
  const byType = Map.groupBy(rows, ({ type }) => String(type));
  return new Map(
    [...byType].map(([type, sets]) => [type, new Set(sets.map((row) => String(row.contents)))]),
  );
}

/** A row of `user_caa`, without an account where it is the relay's. */
export function toUserCaa(row: Row): UserCaa {
  return row.account_url === null ? "relay" : toIssuer(row);
}

/** The account in a row of `user_caa` or `caa_issuer`. */
export function toIssuer(row: Row): Issuer {
  return { authority: String(row.authority), accountUrl: String(row.account_url) };
}

/** A row of `resting_name`. */
export function toRest(row: Row): Rest {
  return { username: String(row.username), until: Number(row.rests_until) };
}

/** A row of `certificate_order`. */
export function toOrder(row: Row | undefined): Order | undefined {
  switch (row?.status) {
    case "pending":
      return { status: "pending" };
    case "ready":
      return {
        status: "ready",
        certificate: String(row.certificate),
        notAfter: Number(row.not_after),
        renewAfter: Number(row.renew_after),
      };
    case "failed":
      return { status: "failed", problem: String(row.problem) };
  }
}

/** A pending one, with what the queue goes by as 0 or 1. */
export function toQueued(row: Row): QueuedOrder {
  return {
    id: String(row.id),
    username: String(row.username),
    csr: String(row.csr),
    createdAt: Number(row.created_at),
    renewal: row.renewal === 1,
    blocked: row.blocked === 1,
    ...(row.elsewhere === 1 && { elsewhere: true as const }),
    ...(typeof row.rest_ms === "number" && row.rest_ms > 0 && { restMs: row.rest_ms }),
  };
}

/** A certificate that counts against the budget: whoever has the name by now, its user then is told. */
export function toNewName({ id, at, username }: Row): Outlook["newNames"][number] {
  return { id: String(id), at: Number(at), username: String(username).replace(RELEASED, "") };
}

/** What the column `below` of `certificate_order` holds: labels, with blanks in between. */
export function belowText(labels: readonly string[] = []): string {
  return labels.join(" ");
}

/** Reads the rows whose labels are in use: of pending orders, and of what each user was signed last. */
export const BELOW_IN_USE = `SELECT username, below FROM certificate_order AS o
  WHERE below <> '' AND username NOT LIKE '${RELEASED}%' AND (
    status = 'pending' OR status = 'ready' AND NOT EXISTS (
      SELECT 1 FROM certificate_order AS later
      WHERE later.username = o.username AND later.status = 'ready' AND later.ended_at > o.ended_at
    ))`;

/** The labels of rows of {@linkcode BELOW_IN_USE}, by user. */
export function toBelow(rows: Row[]): Map<string, Set<string>> {
  const labels = new Map<string, Set<string>>();
  for (const { username, below } of rows) {
    const known = labels.get(String(username)) ?? [];
    labels.set(String(username), new Set([...known, ...String(below).split(" ")]));
  }
  return labels;
}

/** What the column `left_at` holds. */
export function leftAt(attendance: Attendance, now: number): number | null {
  if (attendance === "gone") return null;
  return attendance === "online" ? 0 : now;
}

/** Reads who has an account. */
export const ACCOUNTS = "SELECT username FROM account ORDER BY username";

/** Reads what users ask for who ask for CAA records. */
export const USER_CAA = "SELECT username, authority, account_url FROM user_caa";

/** Reads the accounts that relays order with, noted since the time in a parameter that is written so. */
export function issuersSince(parameter: "?" | "$1"): string {
  return `SELECT DISTINCT authority, account_url FROM caa_issuer
    WHERE seen_at > ${parameter} ORDER BY account_url`;
}

/** From when an account counts that was noted, both in milliseconds since the epoch. */
export function issuersFrom(now: number): number {
  return now - ISSUER_KEPT_MS;
}

/** Reads the users who have certificates ordered by an account of their own alone. */
export const ORDERS_ITSELF = "SELECT username FROM user_caa WHERE account_url IS NOT NULL";

/** What users ask for, by user, of rows of {@linkcode USER_CAA}. */
export function toCaaByUser(rows: Row[]): Map<string, UserCaa> {
  return new Map(rows.map((row) => [String(row.username), toUserCaa(row)]));
}

/** The names of rows of {@linkcode ACCOUNTS}, {@linkcode BELOW_IN_USE}, {@linkcode USER_CAA} and {@linkcode issuersSince}. */
export function toKeptNames(
  { accounts, below, caa, issuers }: Record<"accounts" | "below" | "caa" | "issuers", Row[]>,
): KeptNames {
  return {
    usernames: accounts.map(({ username }) => String(username)),
    below: toBelow(below),
    caa: toCaaByUser(caa),
    issuers: issuers.map(toIssuer),
  };
}
