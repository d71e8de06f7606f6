import { checkCsr } from "../../lib/pki/csr.ts";
import type { Authority } from "./authority.ts";
import type { Changes } from "./changes.ts";

/** Where the names of the checks live. */
export const BASE = "glosson.localhost";

/** The name that a client is told to set up. */
export const NAME = "kaylee";

/** The page that it shows then. */
export const HOSTNAME = `${NAME}.${BASE}`;

/** How long a certificate is said to take, seconds. */
const RETRY_AFTER_S = 1;

/** Options for {@linkcode Api}. */
export interface ApiOptions {
  /** Signs the first certificates. */
  authority: Authority;
  changes: Changes;
  /** Reads the bio. */
  readBio: () => string;
  /** The relay's address. */
  url: () => string;
  /** Where data connections go. */
  data: () => { dataHost: string; dataPort: number };
  /** Whether a client is online. */
  online: () => boolean;
}

/** A request for a certificate. */
export interface CertificateRequest {
  csr: string;
  /** What is wrong with it, PROTOCOL section 1. */
  reason?: string;
  /** When the client asked how it stands, milliseconds since the epoch. */
  askedAt: number[];
  /** The chain, once it was handed out. */
  chain?: string;
}

/** The HTTPS interface of the relay, PROTOCOL section 1, for one account. */
export class Api {
  token = "";
  /** Verifications of the claim, in order: whether the code was there. */
  readonly verified: boolean[] = [];
  readonly certificates: CertificateRequest[] = [];
  /** RFC 3339; what the next certificates advise. */
  renewAfter = "2999-01-01T00:00:00Z";
  /** Whether the operator has blocked the name. */
  suspended = false;
  /** Signs certificates. */
  authority: Authority;
  readonly #options: ApiOptions;
  #code = "";

  constructor(options: ApiOptions) {
    this.#options = options;
    this.authority = options.authority;
  }

  /** Whether a request has the account's token. */
  allows(request: Request): boolean {
    return this.token !== "" && request.headers.get("authorization") === `Bearer ${this.token}`;
  }

  /** Answers a request for anything but the control WebSocket. */
  async answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const response = await this.#answer(request, `${request.method} ${pathname}`, pathname);
    this.#options.changes.tell();
    return response;
  }

  async #answer(request: Request, what: string, pathname: string): Promise<Response> {
    const body = JSON.parse(await request.text() || "null");
    switch (what) {
      case "GET /v1/relay":
        return Response.json({
          software: "glosson conformance checks",
          protocol: 1,
          baseDomain: BASE,
          controlUrl: this.#options.url(),
          publicPort: 443,
          ...this.#options.data(),
          features: ["from-the-future", "data-websocket"],
        });
      case "POST /v1/claims":
        return this.#claim(body?.username);
      case "POST /v1/claims/the-claim/verify":
        return this.#verify();
    }
    if (!this.allows(request)) return problem(401, "unauthorized");
    if (this.suspended) return problem(403, "suspended");
    if (what === "GET /v1/account") {
      return Response.json({
        username: NAME,
        hostname: HOSTNAME,
        online: this.#options.online(),
        certificate: null,
        lastOnlineAt: null,
      });
    }
    if (what === "POST /v1/certificates") return await this.#request(String(body?.csr));
    if (request.method === "GET" && pathname.startsWith("/v1/certificates/")) {
      return await this.#certificate(Number(pathname.split("/")[3]));
    }
    return problem(404, "not-found");
  }

  #claim(username: unknown): Response {
    if (username !== NAME) return problem(400, "invalid-username");
    this.#code = `glosson-${crypto.randomUUID().slice(0, 12)}`;
    return Response.json({
      claim: "the-claim",
      username,
      hostname: HOSTNAME,
      code: this.#code,
      expiresAt: new Date(Date.now() + 900_000).toISOString(),
    }, { status: 201 });
  }

  #verify(): Response {
    // The first time it is not there yet, as for people.
    const found = this.verified.length > 0 && this.#options.readBio().includes(this.#code);
    this.verified.push(found);
    if (!found) return problem(409, "code-not-found", { "retry-after": `${RETRY_AFTER_S}` });
    this.token = crypto.randomUUID();
    return Response.json({ username: NAME, hostname: HOSTNAME, token: this.token });
  }

  async #request(csr: string): Promise<Response> {
    const checked = await checkCsr(csr, HOSTNAME);
    this.certificates.push({ csr, askedAt: [], ...!checked.ok && { reason: checked.reason } });
    if (!checked.ok) return problem(400, "bad-csr");
    const id = String(this.certificates.length);
    return Response.json({ id, status: "pending" }, {
      status: 202,
      headers: { location: `/v1/certificates/${id}`, "retry-after": `${RETRY_AFTER_S}` },
    });
  }

  async #certificate(number: number): Promise<Response> {
    const asked = this.certificates[number - 1];
    if (asked === undefined) return problem(404, "certificate-not-found");
    asked.askedAt.push(Date.now());
    const id = String(number);
    if (asked.askedAt.length === 1) {
      const headers = { "retry-after": `${RETRY_AFTER_S}` };
      return Response.json({ id, status: "pending", position: 1 }, { headers });
    }
    asked.chain ??= await this.authority.sign(asked.csr);
    return Response.json({
      id,
      status: "ready",
      certificate: asked.chain,
      notAfter: new Date(Date.now() + 86_400_000).toISOString(),
      renewAfter: this.renewAfter,
    });
  }
}

/** An error answer (RFC 9457). */
export function problem(
  status: number,
  code: string,
  headers: Record<string, string> = {},
): Response {
  const body = {
    type: `urn:glosson:problem:${code}`,
    title: `The checks answer ${code}`,
    status,
    detail: "This is how a relay says so.",
  };
  return Response.json(body, {
    status,
    headers: { "content-type": "application/problem+json", ...headers },
  });
}
