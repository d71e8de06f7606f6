import type { UserView } from "../admin/users.ts";
import { shortTime, table } from "./table.ts";

/** All users as a table; times are UTC. */
export function userTable(users: readonly UserView[]): string {
  if (users.length === 0) return "There are no users yet.\n";
  return table([
    ["NAME", "STATE", "VISITORS", "LAST ONLINE", "CERTIFICATE UNTIL", "SINCE"],
    ...users.map((user) => [
      user.username,
      stateOf(user),
      count(user.visitors),
      shortTime(user.lastOnlineAt),
      shortTime(user.certificateNotAfter),
      shortTime(user.createdAt),
    ]),
  ], [2]);
}

/** One user in full; times are UTC. */
export function userText(user: UserView): string {
  return table([
    ["name", user.username],
    ["page", `https://${user.hostname}/`],
    ["state", stateOf(user)],
    ["blocked since", shortTime(user.blockedAt)],
    ["addresses", addressesText(user)],
    ["visitors now", count(user.visitors)],
    ["data port", dataPathText(user.dataPath)],
    ["parked connections", count(user.parked)],
    ["last online", shortTime(user.lastOnlineAt)],
    ["certificate until", shortTime(user.certificateNotAfter)],
    ["account since", shortTime(user.createdAt)],
    ["profile proved", shortTime(user.verifiedAt)],
  ]);
}

function stateOf({ state, blockedAt, dataPath }: UserView): string {
  if (blockedAt !== null) return "blocked";
  if (dataPath !== null && dataPath !== "works") return "online, unreachable";
  return {
    online: "online",
    offline: "offline",
    setup: "never online",
    unknown: "no account",
  }[state];
}

function dataPathText(word: UserView["dataPath"]): string {
  if (word === null) return "not known";
  return word === "works"
    ? "reached"
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
