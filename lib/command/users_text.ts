import type { CaaView, FiguresView, LimitsView, ProfileView, UserView } from "../admin/users.ts";
import type { Tones } from "../paint.ts";
import { facts, localTime, shortBytes, table } from "./table.ts";

/** How {@linkcode userTable} and {@linkcode userText} are shown: the words of a user's state. */
export const USER_TONES: Tones = [
  [/(?<=^(?:\S*|state) +)online(?=\*?(?: |$))/gm, "green"],
  [/(?<=^(?:\S*|state) +)unreachable(?=\*?(?: |$))/gm, "yellow"],
  [/(?<=^(?:\S*|state) +)blocked(?=\*?(?: |$))/gm, "red"],
];

/** Longest name that has its user's columns beside it. */
const MAX_NAME_COLUMN = 18;

/** All users as a table of 80 columns; a longer name has a line of its own above the rest. */
export function userTable(users: readonly UserView[]): string {
  if (users.length === 0) return "There are no users yet.\n";
  const rows = users.map((user) => [
    user.username.length > MAX_NAME_COLUMN ? "" : user.username,
    stateOf(user) + (hasLostProfile(user) ? "*" : ""),
    count(user.visitors),
    localTime(user.lastOnlineAt),
    localTime(user.certificateNotAfter).slice(0, 10),
  ]);
  const [head, ...lines] = table([
    ["NAME", "STATE", "VISITORS", "LAST ONLINE", "CERT UNTIL"],
    ...rows,
  ], [2]).trimEnd().split("\n");
  const shown = users.map(({ username }, i) =>
    username.length > MAX_NAME_COLUMN ? `${username}\n${lines[i]}` : lines[i]
  );
  const note = users.some(hasLostProfile)
    ? ["", "* the profile is gone, or another one's: users show NAME"]
    : [];
  return [head, ...shown, ...note].map((line) => `${line}\n`).join("");
}

/** One user in full. */
export function userText(user: UserView): string {
  return facts([
    ["name", user.username],
    ["page", `${user.url}/`],
    ...user.domains.length === 0 ? [] : [["own domains", user.domains.join(", ")] as const],
    ["state", stateOf(user)],
    ["blocked since", blockText(user)],
    ["rests until", localTime(user.restsUntil)],
    ["addresses", addressesText(user)],
    ...user.caa === null ? [] : [["CAA", caaText(user.caa)] as const],
    ["visitors now", count(user.visitors)],
    ["data port", dataPathText(user.dataPath)],
    ["parked connections", user.parked === null ? "?" : `${user.parked} of ${user.pool} wanted`],
    ...user.figures === null ? [] : figureRows(user.figures),
    ...user.limits === null ? [] : [["limits", limitsText(user.limits)] as const],
    ["last online", localTime(user.lastOnlineAt)],
    ["certificate until", localTime(user.certificateNotAfter)],
    ["account since", localTime(user.createdAt)],
    ["profile proved", localTime(user.verifiedAt)],
    ...user.profile === null ? [] : [["profile", profileText(user.profile)] as const],
  ]);
}

function caaText({ account, written, why }: CaaView): string {
  const who = account === "relay" ? "the relay's account alone" : `${account} alone`;
  if (written === null) return who;
  return written ? `${who}, in the DNS` : `${who}, NOT IN THE DNS: ${why ?? "not written yet"}`;
}

function figureRows(figures: FiguresView): [string, string][] {
  const { visitors, dialledShare, bytesToVisitors, bytesToClient, bytesToday, lastVisitAt } =
    figures;
  const asked = dialledShare === null ? "" : `, ${Math.round(dialledShare * 100)} % asked for`;
  return [
    ["visitors so far", `${visitors}${asked}`],
    ["last visit", localTime(lastVisitAt)],
    [
      "traffic",
      `${shortBytes(bytesToVisitors)} to visitors, ${shortBytes(bytesToClient)} to the client; ${
        shortBytes(bytesToday)
      } of it today (UTC)`,
    ],
  ];
}

/** Limits of a user's own in words. */
export function limitsText({ connections, bytesPerDay }: LimitsView): string {
  const bytes = bytesPerDay === null
    ? "bytes a day as the settings have it"
    : bytesPerDay === 0
    ? "any number of bytes a day"
    : `${shortBytes(bytesPerDay)} a day`;
  const visitors = connections === null
    ? "connections as the settings have it"
    : `${connections} ${connections === 1 ? "connection" : "connections"}`;
  return `${visitors}, ${bytes}`;
}

function hasLostProfile({ profile }: UserView): boolean {
  return profile !== null && profile.state !== "there";
}

function profileText({ state, since, checkedAt }: ProfileView): string {
  const seen = `looked for ${localTime(checkedAt)}`;
  switch (state) {
    case "there":
      return `there, ${seen}`;
    case "gone":
      return `GONE since ${localTime(since)}, ${seen}`;
    case "another":
      return `ANOTHER ONE of this name since ${localTime(since)}, ${seen}`;
  }
}

function stateOf({ state, dataPath }: UserView): string {
  if (dataPath !== null && dataPath !== "works") return "unreachable";
  return {
    online: "online",
    offline: "offline",
    setup: "never online",
    blocked: "blocked",
    resting: "resting",
  }[state];
}

function blockText({ blockedAt, blockedReason }: UserView): string {
  return localTime(blockedAt) + (blockedReason === null ? "" : `: ${blockedReason}`);
}

function dataPathText(word: UserView["dataPath"]): string {
  if (word === null) return "not known";
  if (word === "works") return "reached";
  return word === "lost"
    ? "reached, BUT NOTHING of what the client answers arrives: visitors are not served"
    : `NOT REACHED by the client (${word}): visitors are not served`;
}

function addressesText({ dns, hostname }: UserView): string {
  if (dns === null) return "not known";
  const [own, wildcard] = [dns.addresses, dns.wildcard].map((list) => list.join(", ") || "nowhere");
  const star = hostname.replace(/^[^.]*/, "*");
  switch (dns.state) {
    case "wildcard":
      return `${own}, by ${star}`;
    case "same":
      return `${own}, as ${star}`;
    case "differs":
      return `${own}, BUT ${star} is at ${wildcard}`;
    case "nowhere":
      return `NONE, and ${star} has none either`;
  }
}

function count(number: number | null): string {
  return number === null ? "?" : String(number);
}
