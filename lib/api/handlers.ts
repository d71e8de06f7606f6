import { DATA_SUBPROTOCOL, SUBPROTOCOL } from "../wire/messages.ts";
import { type Refusal, refuse } from "../wire/problems.ts";
import { accountAnswer, caaAnswer, certificateAnswer, time } from "./answers.ts";
import type { Handlers } from "./call.ts";
import { allowed, bearerToken, unauthorized, upgradeRequired } from "./request.ts";
import type { ApiOptions } from "./services.ts";

/** What handlers serve requests with. */
export interface Services extends ApiOptions {
  /** The OpenAPI document. */
  openApi: Record<string, unknown>;
}

/** What each route does. */
export const HANDLERS: Handlers<Services> = {
  async relay({ relay, relayKeys }) {
    return { status: 200, body: { ...relay, keyFingerprints: await relayKeys() } };
  },

  openApi: ({ openApi }) => ({ status: 200, body: openApi }),

  async claim({ claims }, { body, source }) {
    const made = await claims.create(body.username, source.address);
    if (!made.ok) return made;
    const { claim, username, hostname, code, expiresAt } = made;
    return { status: 201, body: { claim, username, hostname, code, expiresAt: time(expiresAt) } };
  },

  async verify({ claims, revoke, log }, { params, source }) {
    const verified = await claims.verify(params.claim, source.address);
    if (!verified.ok) return verified;
    const { username, hostname, token } = verified;
    revoke(username);
    log.info("account verified", { username });
    return { status: 200, body: { username, hostname, token } };
  },

  async account(services, { account }) {
    return { status: 200, body: await accountAnswer(account, services) };
  },

  async setPreferences(services, { body, request }) {
    const account = allowed(
      await services.accounts.setPreferences(bearerToken(request), body),
      services.contact,
    );
    return { status: 200, body: await accountAnswer(account, services) };
  },

  async release({ release, log }, { account, request }) {
    const { username } = account;
    if (!await release(username, bearerToken(request))) throw unauthorized();
    log.info("account released", { username });
    return { status: 204 };
  },

  async putDomain({ domains, log }, { account: { username }, params, request }) {
    const put = await domains.put(username, params.domain, bearerToken(request));
    if (!put.ok) return put;
    const { domain, verifiedAt } = put;
    log.info("a user's domain leads to them", { username, domain });
    return { status: 200, body: { domain, verifiedAt: time(verifiedAt) } };
  },

  async removeDomain({ domains }, { params, request }) {
    if (!await domains.remove(params.domain, bearerToken(request))) throw unauthorized();
    return { status: 204 };
  },

  async caa({ caa }, { account }) {
    if (caa === undefined) return noCaa();
    return { status: 200, body: caaAnswer(await caa.of(account.username)) };
  },

  async setCaa({ caa }, { account: { username }, body: { account, ...own }, request }) {
    if (caa === undefined) return noCaa();
    const wanted = account === null
      ? undefined
      : "authority" in own
      ? { accountUrl: account, authority: own.authority }
      : "relay";
    const set = await caa.set(username, wanted, bearerToken(request));
    return set.ok ? { status: 200, body: caaAnswer(set) } : set;
  },

  async requestCertificate({ certificates, hostnameOf }, { account, body, request }) {
    const { username } = account;
    const token = bearerToken(request);
    const submitted = await certificates.submit(username, hostnameOf(username), body.csr, token);
    if (!submitted.ok) return submitted;
    const { id } = submitted;
    return {
      status: 202,
      body: { id, status: "pending" },
      headers: { "Location": `/v1/certificates/${id}`, "Retry-After": "1" },
    };
  },

  async certificate({ certificates }, { account, params: { id } }) {
    const state = await certificates.get(account.username, id);
    if (state === undefined) {
      return refuse("certificate-not-found", "Ask for a new one with POST /v1/certificates.");
    }
    return {
      status: 200,
      body: certificateAnswer(id, state),
      ...(state.status === "pending" && { headers: { "Retry-After": String(state.retryAfterS) } }),
    };
  },

  control({ accounts, openControl }, { account, request, transport, takeSocket }) {
    const { username } = account;
    const token = bearerToken(request);
    async function holds(): Promise<boolean> {
      const now = await accounts.byToken(token);
      return now?.username === username && now.blockedAt === undefined;
    }
    const noHandshake = (): never => {
      throw upgradeRequired(SUBPROTOCOL, request);
    };
    return openControl({ username, holds, transport }, takeSocket ?? noHandshake);
  },

  // The handshake itself is answered before a request comes as far as here.
  data(_, { request }) {
    throw upgradeRequired(DATA_SUBPROTOCOL, request);
  },
};

/** For users of a relay that does not keep their names in the DNS. */
function noCaa(): Refusal<"not-found"> {
  return refuse(
    "not-found",
    "This relay writes no CAA records: it does not hold your name's zone.",
  );
}
