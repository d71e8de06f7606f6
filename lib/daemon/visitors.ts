import { isUsername } from "../account/username.ts";
import { limitedGroups } from "../net/address_group.ts";
import type { DomainOwners } from "../store/domains.ts";
import { Hub } from "../visitor/hub.ts";
import { isServed } from "../visitor/outcome.ts";
import { proxyMatcher } from "../visitor/source.ts";
import type { Accounts } from "./accounts.ts";
import type { Clients } from "./clients.ts";
import type { Fronts } from "./fronts.ts";
import type { Ground } from "./ground.ts";
import { type UserUsage, watchUsage } from "./usage.ts";

/** Builds the way of visitors: to a client, to the relay's own hosts, or past it. */
export function buildHub(
  { settings, ceilings, publicPort, metrics, cutOff, lost, log, onClose, onReload }: Ground,
  { sessions, presence, beyond, idle, owners, fronts, users, namesBelow }:
    & Pick<Clients, "sessions" | "presence" | "beyond" | "idle">
    & Pick<Accounts, "namesBelow">
    & {
      owners: DomainOwners;
      fronts: Fronts;
      users: UserUsage;
    },
): Hub {
  let isProxy = proxyMatcher(settings.proxyProtocolFrom);
  onReload(() => isProxy = proxyMatcher(settings.proxyProtocolFrom));
  const hub = new Hub({
    baseDomain: settings.baseDomain,
    publicPort,
    isUsername,
    ownerOf: owners.of,
    hasNamesBelow: (username) => namesBelow(username) > 0,
    sessions: {
      get: (username) => sessions.reach(username),
      find: async (username, signal) =>
        beyond.successor?.reach(username) ?? await sessions.find(username, signal) ??
          // Since this relay stops meanwhile.
          beyond.successor?.reach(username),
      isCutShort: (username) =>
        sessions.isCutShort(username) ||
        // Who could tell has ended.
        (beyond.isHandedOver === true && beyond.successor === undefined),
    },
    hasPage: presence.hasPage,
    servePage: (conn, head, arrival) => fronts.pages.serve(conn, head, arrival),
    serveControl: (conn, head, arrival) => fronts.control.serve(conn, head, arrival),
    ...(settings.fallbackBackend !== undefined && { fallback: settings.fallbackBackend }),
    ...(settings.httpFallbackBackend !== undefined && {
      httpFallback: settings.httpFallbackBackend,
    }),
    isProxy: (address) => isProxy(address),
    addressGroups: limitedGroups,
    limits: {
      maxHellos: ceilings.hellos,
      maxPerAddress: settings.maxVisitorsPerAddress,
      hellosPerSecond: settings.hellosPerSecond,
      helloBurst: settings.helloBurst,
      maxVisitors: ceilings.visitors,
      maxVisitorsPerUser: (username) => users.limits.of(username).connections,
      maxPages: ceilings.pages,
      maxControl: ceilings.clients + ceilings.requests,
    },
    answerMs: settings.answerSeconds * 1000,
    idle,
    log,
    onOutcome: (outcome) => metrics.counters.outcome(outcome, isServed(outcome)),
    isUsedUp: (username) => users.usage.isUsedUp(username),
    onJoined(met, username) {
      metrics.joined(met);
      users.usage.joined(username, met.how);
      if (met.how !== "replaced") metrics.counters.users.visited(username);
    },
    onPassed(username, passed) {
      users.usage.passed(username, passed);
      metrics.counters.users.passed(username, passed.forward + passed.backward);
    },
    onParted: (result) => metrics.parted(result),
  });
  cutOff.on((username) => hub.dropVisitors(username));
  watchUsage(users, hub, { onClose, onReload });
  lost.on((username) => hub.dropUnanswered(username));
  return hub;
}
