import { type ProblemCode, problemOf, PROBLEMS, type Refusal } from "../wire/problems.ts";

/** Options for {@linkcode Problem}. */
export interface ProblemOptions {
  /** Seconds after which to try again, for `Retry-After`. */
  retryAfterS?: number;
  /** Further response headers. */
  headers?: Record<string, string>;
}

/** What a request is answered with when it cannot be served: thrown on its way to its handler. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly status: number;
  readonly #headers: Record<string, string>;

  /** @param detail tells a person what is wrong and what to do. */
  constructor(code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    super(detail);
    this.code = code;
    this.status = PROBLEMS[code].status;
    this.#headers = {
      ...(code === "unauthorized" && { "WWW-Authenticate": "Bearer" }),
      ...(code === "unsupported-encoding" && { "Accept-Encoding": "identity" }),
      ...(options.retryAfterS !== undefined && {
        "Retry-After": String(Math.max(1, Math.ceil(options.retryAfterS))),
      }),
      ...options.headers,
    };
  }

  /** The problem of a refusal. */
  static of({ problem, detail, retryAfterS }: Refusal): Problem {
    return new Problem(problem, detail, { ...(retryAfterS !== undefined && { retryAfterS }) });
  }

  /** The `application/problem+json` answer (RFC 9457). */
  response(): Response {
    return new Response(JSON.stringify(problemOf(this.code, this.message)), {
      status: this.status,
      headers: {
        "Content-Type": "application/problem+json",
        "Cache-Control": "no-store",
        ...this.#headers,
      },
    });
  }
}
