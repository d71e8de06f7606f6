import type { z } from "zod";
import type * as schema from "./schemas.ts";
import type { AccountView, ApiOptions, CaaView, CertificateState } from "./services.ts";

/*
 * The API's answers, of what its services tell.
 */

/** An RFC 3339 time in UTC of milliseconds since the epoch. */
export function time(ms: number): string {
  return new Date(ms).toISOString();
}

/** The answer of `GET /v1/account`. */
export async function accountAnswer(
  account: AccountView,
  services: Pick<
    ApiOptions,
    "hostnameOf" | "isOnline" | "lastOnlineAt" | "certificates" | "domains"
  >,
): Promise<z.infer<typeof schema.accountAnswer>> {
  const { username, preferences } = account;
  const lastOnlineAt = await services.lastOnlineAt(username);
  const certificate = await services.certificates.latest(username);
  return {
    username,
    hostname: services.hostnameOf(username),
    online: services.isOnline(username),
    certificate: certificate ? { notAfter: time(certificate.notAfter) } : null,
    lastOnlineAt: lastOnlineAt === undefined ? null : time(lastOnlineAt),
    ...preferences,
    domains: await services.domains.of(username),
  };
}

/** The answer of `GET /v1/caa`. */
export function caaAnswer(
  { caa, records, written, why }: CaaView,
): z.infer<typeof schema.caaAnswer> {
  const { accountUrl: account, authority } = caa === undefined || caa === "relay"
    ? { accountUrl: caa ?? null, authority: null }
    : caa;
  return { account, authority, records, written, detail: why ?? null };
}

/** The answer of `GET /v1/certificates/{id}`. */
export function certificateAnswer(
  id: string,
  state: CertificateState,
): z.infer<typeof schema.certificateAnswer> {
  if (state.status === "failed") return { id, status: "failed", problem: state.problem };
  if (state.status === "ready") {
    return {
      id,
      status: "ready",
      certificate: state.certificate,
      notAfter: time(state.notAfter),
      renewAfter: time(state.renewAfter),
    };
  }
  return {
    id,
    status: "pending",
    ...(state.position !== undefined && { position: state.position }),
    ...(state.expectedAt !== undefined && { expectedAt: time(state.expectedAt) }),
  };
}
