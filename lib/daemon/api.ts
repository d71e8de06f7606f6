import { apiApp } from "../api/api.ts";
import { openRelayStore, relayKeys, type RelayStore } from "../certificate/store.ts";
import { UserCaaDesk } from "../account/user_caa.ts";
import { createBodyReader } from "../api/body.ts";
import { createRequestRate } from "../api/request_rate.ts";
import type { ApiBindings, ApiOptions } from "../api/services.ts";
import { OWN_ACCOUNT } from "../issuance/order_state.ts";
import { limitedGroups } from "../net/address_group.ts";
import { TokenBuckets } from "../net/token_buckets.ts";
import { SOFTWARE } from "../version.ts";
import { hostOfRelay, urlOf } from "../wire/names.ts";
import { refuse } from "../wire/problems.ts";
import type { Accounts } from "./accounts.ts";
import type { Certificates } from "./certificates.ts";
import type { Clients } from "./clients.ts";
import type { Domains } from "./domains.ts";
import type { Ground } from "./ground.ts";

/** Optional parts of the protocol that this relay has, as PROTOCOL section 1 names them. */
const FEATURES: readonly string[] = ["data-websocket", "own-domains"];

/** When to come back to a relay that takes no more clients. */
const FULL_RETRY_S = 60;

/**
 * Sessions that a user may open in a row, and how many a second behind them: more than any network makes of a client
 * that comes back. Each has its lines in the log.
 */
const OPENS = { perSecond: 1, burst: 600 } as const;

/** What answers requests of the HTTPS API. */
export type ApiFetch = (
  request: Request,
  bindings: ApiBindings,
  /** What a person is answered instead, if they may ask; undefined where the API is asked. */
  page?: () => Promise<Response> | undefined,
) => Response | Promise<Response>;

/** Builds the HTTPS API. */
export function buildApi(
  { settings, ceilings, publicPort, data, store, hostnameOf, cutOff, log }: Ground,
  { accounts, claims, issuance, names, domains, sessions, control, presence, release }:
    & Pick<Accounts, "accounts" | "claims">
    & Pick<Certificates, "issuance" | "names">
    & Pick<Clients, "sessions" | "control" | "presence">
    & Pick<Domains, "domains">
    & Pick<ApiOptions, "release">,
): ApiFetch {
  const { baseDomain } = settings;
  const opens = new TokenBuckets(OPENS);
  const api = apiApp({
    relay: {
      software: SOFTWARE,
      protocol: 1,
      baseDomain,
      controlUrl: urlOf(hostOfRelay(baseDomain), publicPort),
      publicPort,
      ...data,
      get features() {
        return [
          ...FEATURES,
          ...settings.namesBelow > 0 ? ["names-below"] : [],
          ...names === undefined ? [] : ["caa"],
        ];
      },
    },
    relayKeys: announcedKeys(openRelayStore(settings.stateDir)),
    hostnameOf,
    contact: () => settings.contact,
    isOnline: presence.isOnline,
    lastOnlineAt: presence.lastOnlineAt,
    accounts,
    claims,
    certificates: issuance,
    domains,
    caa: names && new UserCaaDesk({
      ...{ store: store.caa, writer: names, hostnameOf, log },
      ownAccount: JSON.stringify(OWN_ACCOUNT),
      abortOrder: (username) => issuance.yield(username),
    }),
    release,
    revoke: cutOff.tell,
    openControl(caller, takeSocket) {
      const { username } = caller;
      if (!opens.take(username)) {
        return refuse("rate-limited", "Your client comes back over and over; see why it ends.", 1);
      }
      // Who is online already takes no further place: the new session replaces the old one.
      if (sessions.size >= ceilings.clients && sessions.get(username) === undefined) {
        const detail = "As many clients are online as this relay takes; come back later.";
        return refuse("busy", detail, FULL_RETRY_S);
      }
      return takeSocket((socket) => control.open(socket, caller));
    },
    readBody: createBodyReader({ addressGroups: limitedGroups }),
    log,
  });
  const refuseFast = createRequestRate({
    perSecond: settings.requestsPerSecond,
    burst: settings.requestBurst,
    addressGroups: limitedGroups,
  });
  return (request, bindings, page) =>
    refuseFast(bindings) ?? page?.() ?? api.fetch(request, bindings);
}

/** What tells the relay's own keys; the file is read when it is another, since anybody may ask. */
function announcedKeys(store: Pick<RelayStore, "read" | "version">): () => Promise<string[]> {
  let known: { version: string; stored: ReturnType<RelayStore["read"]> } | undefined;
  return async () => {
    const version = await store.version();
    if (known?.version !== version) {
      known = { version, stored: store.read().catch(() => undefined) };
    }
    const stored = await known.stored;
    return stored === undefined ? [] : relayKeys(stored, Date.now());
  };
}
