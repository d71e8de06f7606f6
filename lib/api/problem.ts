/** Every problem of the API: its HTTP status and its title (RFC 9457 `status` and `title`). */
const PROBLEMS = {
  "invalid-username": [400, "That cannot be a username"],
  "reserved-username": [403, "That username is reserved"],
  "suspended": [403, "That username is suspended"],
  "rate-limited": [429, "Too many requests"],
  "claim-not-found": [404, "No such claim"],
  "claim-expired": [410, "That claim has expired"],
  "code-not-found": [409, "The code is not in the profile's bio"],
  "profile-not-found": [404, "There is no such profile"],
  "profile-unavailable": [503, "The profile cannot be read now"],
  "unauthorized": [401, "A valid token is needed"],
  "upgrade-required": [426, "This address speaks WebSocket"],
  "invalid-preference": [400, "That preference cannot be set"],
  "bad-csr": [400, "That certificate request cannot be signed"],
  "certificate-not-found": [404, "No such certificate"],
  "bad-request": [400, "That request cannot be read"],
  "too-slow": [408, "That request came too slowly"],
  "too-large": [413, "That request is too large"],
  "not-found": [404, "There is nothing at this address"],
  "misdirected": [421, "That is not for this relay to answer"],
  "method-not-allowed": [405, "That method is not possible here"],
  "busy": [503, "The relay is busy"],
  "internal": [500, "The relay failed"],
} as const;

/** Word that names a problem, the last part of its `type`. */
export type ProblemCode = keyof typeof PROBLEMS;

/** Options for {@linkcode Problem}. */
export interface ProblemOptions {
  /** Seconds after which to try again, for `Retry-After`. */
  retryAfterS?: number;
  /** Further response headers. */
  headers?: Record<string, string>;
}

/** What a request is answered with when it cannot be served: thrown by handlers. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly status: number;
  readonly #headers: Record<string, string>;

  /** @param detail tells a person what is wrong and what to do. */
  constructor(code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    super(detail);
    this.code = code;
    this.status = PROBLEMS[code][0];
    this.#headers = {
      ...(options.retryAfterS !== undefined && {
        "Retry-After": String(Math.max(1, Math.ceil(options.retryAfterS))),
      }),
      ...options.headers,
    };
  }

  /** The `application/problem+json` answer (RFC 9457). */
  response(): Response {
    const body = {
      type: `urn:glosson:problem:${this.code}`,
      title: PROBLEMS[this.code][1],
      status: this.status,
      detail: this.message,
    };
    return new Response(JSON.stringify(body), {
      status: this.status,
      headers: {
        "Content-Type": "application/problem+json",
        "Cache-Control": "no-store",
        ...this.#headers,
      },
    });
  }
}

/** The problem codes and their statuses, for the OpenAPI document. */
export function problemStatus(code: ProblemCode): number {
  return PROBLEMS[code][0];
}
