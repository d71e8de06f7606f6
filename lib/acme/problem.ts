/** Longest text of a server's that errors quote, characters. */
const MAX_QUOTED = 500;

const PROBLEM_PREFIX = "urn:ietf:params:acme:error:";

/** What helps where CAA records keep the server from a name. */
export const CAA_FIX = "allow this authority with a CAA record (`glossond cert caa`)";

/** A problem document that an ACME server answered with (RFC 8555, section 6.7). */
export class AcmeProblem extends Error {
  override name = "AcmeProblem";
  /** Its type without the common prefix, e.g. `rateLimited`. */
  readonly type: string;
  readonly status: number;
  /** When to ask again, milliseconds since the epoch, if the server said so. */
  readonly retryAt?: number;

  constructor(type: string, status: number, message: string, retryAt?: number) {
    super(message);
    this.type = type;
    this.status = status;
    this.retryAt = retryAt;
  }
}

/** Type (without prefix), detail and details of the subproblems of a problem document. */
export function problemBody(
  data: unknown,
): { type?: string; detail?: string; subproblems: string[] } {
  const { type: given, detail, instance, subproblems } = (data ?? {}) as Record<string, unknown>;
  if (typeof given !== "string") return { subproblems: [] };
  const type = quoted(
    given.startsWith(PROBLEM_PREFIX) ? given.slice(PROBLEM_PREFIX.length) : given,
  );
  const said = typeof detail === "string" ? detail : given;
  // Only a person can agree to new terms and the like, there (section 7.3.3).
  const isForPeople = type === "userActionRequired" && typeof instance === "string";
  return {
    type,
    detail: quoted(isForPeople ? `open ${instance} and do what it asks for: ${said}` : said),
    subproblems: Array.isArray(subproblems)
      ? subproblems.map((each) => each?.detail).filter((each) => typeof each === "string")
      : [],
  };
}

/** A text of a server's, as far as errors have room for it. */
export function quoted(text: string): string {
  return text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text;
}
