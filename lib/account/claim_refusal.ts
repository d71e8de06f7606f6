import { hasCode } from "./bio_code.ts";
import type { BioAnswer } from "./bio_queue.ts";
import { isUsername } from "./username.ts";

/** When to ask again for a profile that could not be read. */
const UNAVAILABLE_RETRY_S = 30;

/** When to ask again for a profile that had no turn. */
const BUSY_RETRY_S = 5;

/** Why a claim was refused, as PROTOCOL section 1 names it. */
export type ClaimProblem =
  | "invalid-username"
  | "reserved-username"
  | "suspended"
  | "rate-limited"
  | "claim-not-found"
  | "claim-expired"
  | "code-not-found"
  | "profile-not-found"
  | "profile-unavailable";

/** A refusal; `detail` tells a person what to do. */
export interface ClaimRefusal {
  ok: false;
  problem: ClaimProblem;
  detail: string;
  /** Seconds after which trying again makes sense. */
  retryAfterS?: number;
}

/** What is wrong with a username as such; undefined when it is one. */
export function refuseName(username: unknown): ClaimRefusal | undefined {
  if (typeof username !== "string" || !isUsername(username)) {
    const lower = typeof username === "string" ? username.trim().toLowerCase() : "";
    return refuse(
      "invalid-username",
      isUsername(lower)
        ? `Usernames are lower-case and without spaces: try ${lower}.`
        : "A username has 2 to 63 characters: a to z, 0 to 9 and hyphens, no hyphen first or last and not two in places 3 and 4.",
    );
  }
  return undefined;
}

/** For a name that is kept back. */
export function reserved(username: string): ClaimRefusal {
  return refuse(
    "reserved-username",
    `The name ${username} is kept for the relay and its operator. If it really is your profile's name, write to the operator.`,
  );
}

/** What a profile says against a claim; undefined when its bio has the code. */
export function refuseBio(
  result: BioAnswer,
  username: string,
  code: string,
): ClaimRefusal | undefined {
  if (result.state === "busy") {
    return {
      ...refuse(
        "profile-unavailable",
        "Many profiles are being read just now. Leave the code where it is, and try again in a moment.",
      ),
      retryAfterS: BUSY_RETRY_S,
    };
  }
  if (result.state === "unavailable") {
    return {
      ...refuse(
        "profile-unavailable",
        "Your profile could not be read just now. Leave the code where it is, and try again in a minute.",
      ),
      retryAfterS: UNAVAILABLE_RETRY_S,
    };
  }
  if (result.state === "not-found") {
    return refuse(
      "profile-not-found",
      `There is no public profile named ${username}. Check the spelling, and that others can see your profile.`,
    );
  }
  if (hasCode(result.bio, code)) return undefined;
  return refuse(
    "code-not-found",
    `Your bio does not have the code yet. Put ${code} into it as a word of its own, save it, and try again.`,
  );
}

/** For a claim that never was, or was verified, or was forgotten. */
export function noSuchClaim(): ClaimRefusal {
  return refuse(
    "claim-not-found",
    "There is no such claim, or it was used already. Start the set-up again to make a new one.",
  );
}

/** For a name that the operator blocked. */
export function suspended(username: string): ClaimRefusal {
  return refuse(
    "suspended",
    `The relay's operator has suspended the name ${username}. Write to them if you think that this is a mistake.`,
  );
}

/** For claims beyond a limit; `what` says which. */
export function tooManyClaims(what: string, waitMs: number): ClaimRefusal {
  const minutes = Math.ceil(waitMs / 60_000);
  return {
    ...refuse("rate-limited", `${what}. Try again in ${minutes} min.`),
    retryAfterS: Math.ceil(waitMs / 1000),
  };
}

/** For a code whose time is over. */
export function codeExpired(): ClaimRefusal {
  return refuse(
    "claim-expired",
    "The time for this code is over. Start the set-up again, and put the new code into your bio.",
  );
}

/** For a claim that was verified `limit` times in vain; it stays so until its time is over. */
export function tooManyVerifications(limit: number, leftMs: number): ClaimRefusal {
  return {
    ...refuse(
      "rate-limited",
      `This code was checked ${limit} times. Start the set-up again to get a new one.`,
    ),
    retryAfterS: Math.ceil(leftMs / 1000),
  };
}

function refuse(problem: ClaimProblem, detail: string): ClaimRefusal {
  return { ok: false, problem, detail };
}
