/*
 * What cannot be done is answered as a problem (RFC 9457) of this catalogue. The API answers requests
 * by it, and a certificate order that failed holds one.
 */

/** A problem of the catalogue. */
interface Entry {
  /** HTTP status. */
  status: number;
  title: string;
  /** When it comes and what a client is to do, as PROTOCOL section 1 has it. */
  when: string;
}

/** Every problem by its code. */
export const PROBLEMS = {
  "invalid-username": {
    status: 400,
    title: "That cannot be a username",
    when: "choose another name",
  },
  "reserved-username": {
    status: 403,
    title: "That username is reserved",
    when: "choose another name; one that was released rests, and `detail` tells until when",
  },
  "suspended": {
    status: 403,
    title: "That username is suspended",
    when: "the operator has blocked the name: stop; comes to claims, to every request with a " +
      "token, and as the `problem` of a certificate",
  },
  "rate-limited": {
    status: 429,
    title: "Too many requests",
    when: "wait for `Retry-After`",
  },
  "claim-not-found": {
    status: 404,
    title: "No such claim",
    when: "begin with a new claim",
  },
  "claim-expired": {
    status: 410,
    title: "That claim has expired",
    when: "begin with a new claim",
  },
  "code-not-found": {
    status: 409,
    title: "The code is not in the profile's bio",
    when: "ask again when the code stands in the bio",
  },
  "profile-not-found": {
    status: 404,
    title: "There is no such profile",
    when: "there is no such profile",
  },
  "profile-unavailable": {
    status: 503,
    title: "The profile cannot be read now",
    when: "try again later",
  },
  "unauthorized": {
    status: 401,
    title: "A valid token is needed",
    when: "the token is not, or no longer, good: claim the name again",
  },
  "invalid-preference": {
    status: 400,
    title: "That preference cannot be set",
    when: "mend the member that `detail` names",
  },
  "domain-not-pointed": {
    status: 409,
    title: "That domain does not lead to you",
    when: "set the record that `detail` names, and ask again once its name servers have it",
  },
  "domain-taken": {
    status: 409,
    title: "That domain is another user's",
    when: "it leads to another user, who has it: have it lead to you alone, and ask again",
  },
  "own-account": {
    status: 409,
    title: "That name's certificates are for your own account to order",
    when:
      "the user said so by CAA records (`PUT /v1/caa`): order by that account, or give it up; " +
      "comes as the `problem` of a certificate, too",
  },
  "bad-csr": {
    status: 400,
    title: "That certificate request cannot be signed",
    when: "mend the signing request",
  },
  "certificate-not-found": {
    status: 404,
    title: "No such certificate",
    when: "ask for a new certificate",
  },
  "superseded": {
    status: 409,
    title: "Replaced by a newer request",
    when: "only as the `problem` of a certificate: ask for the newer one",
  },
  "certificate-refused": {
    status: 502,
    title: "The authority refused the certificate",
    when: "only as the `problem` of a certificate: the authority will not sign it, show `detail`",
  },
  "authority-unavailable": {
    status: 503,
    title: "The certificate could not be had",
    when: "only as the `problem` of a certificate: ask for a new one later",
  },
  "upgrade-required": {
    status: 426,
    title: "This address speaks WebSocket",
    when: "this address wants a WebSocket",
  },
  "busy": {
    status: 503,
    title: "The relay is busy",
    when: "come back later",
  },
  "bad-request": {
    status: 400,
    title: "That request cannot be read",
    when: "mend the request",
  },
  "too-large": {
    status: 413,
    title: "That request is too large",
    when: "mend the request",
  },
  "unsupported-encoding": {
    status: 415,
    title: "That body is encoded",
    when: "mend the request",
  },
  "too-slow": {
    status: 408,
    title: "That request came too slowly",
    when: "send the request again, within 10 s",
  },
  "not-found": {
    status: 404,
    title: "There is nothing at this address",
    when: "mend the request",
  },
  "method-not-allowed": {
    status: 405,
    title: "That method is not possible here",
    when: "mend the request",
  },
  "misdirected": {
    status: 421,
    title: "That is not for this relay to answer",
    when: "ask on a connection whose SNI and Host are the relay's own",
  },
  "internal": {
    status: 500,
    title: "The relay failed",
    when: "try again; if it stays so, tell the operator",
  },
} as const satisfies Record<string, Entry>;

/** Word that names a problem, the last part of its `type`. */
export type ProblemCode = keyof typeof PROBLEMS;

/** What stands before the word in a problem's `type`. */
export const PROBLEM_TYPE = "urn:glosson:problem:";

/** A problem as it is sent (RFC 9457 section 3.1). */
export interface ProblemDetails {
  /** {@linkcode PROBLEM_TYPE} and a code. */
  type: string;
  /** What is wrong, the same for every problem of the type. */
  title: string;
  /** HTTP status. */
  status: number;
  /** What is wrong this time and what to do, for a person. */
  detail: string;
}

/** A problem of the catalogue; `detail` tells a person what is wrong and what to do. */
export function problemOf(code: ProblemCode, detail: string): ProblemDetails {
  const { title, status } = PROBLEMS[code];
  return { type: PROBLEM_TYPE + code, title, status, detail };
}

/** Why a part of the relay does not do what a request asks of it. */
export interface Refusal<Code extends ProblemCode = ProblemCode> {
  /** Tells it from an answer. */
  ok: false;
  /** Of the catalogue. */
  problem: Code;
  /** Tells a person what is wrong and what to do. */
  detail: string;
  /** Seconds after which trying again makes sense. */
  retryAfterS?: number;
}

/** What the user of a name that the operator blocked is told. */
export interface Suspension {
  /** In the operator's words; absent where they gave none. */
  reason?: string | undefined;
  /** Where the operator is written to; absent where the settings tell none. */
  contact?: string | undefined;
}

/** The detail of `suspended`. */
export function suspendedDetail(username: string, { reason, contact }: Suspension): string {
  const why = reason === undefined ? "" : `: ${reason.replace(/[.\s]+$/, "")}`;
  return `The relay's operator has suspended the name ${username}${why}. Write to ${
    contact ?? "them"
  } if you think that this is a mistake.`;
}

/** Makes a refusal; `retryAfterS` as its member. */
export function refuse<Code extends ProblemCode>(
  problem: Code,
  detail: string,
  retryAfterS?: number,
): Refusal<Code> {
  return { ok: false, problem, detail, ...(retryAfterS !== undefined && { retryAfterS }) };
}
