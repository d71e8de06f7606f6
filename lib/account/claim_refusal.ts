import { type Refusal, refuse, suspendedDetail, type Suspension } from "../wire/problems.ts";
import { USERNAME_RULE } from "../wire/username.ts";
import { hasCode } from "./bio_code.ts";
import type { BioAnswer } from "./bio_queue.ts";
import { isUsername } from "./username.ts";

/*
 * Why claims are refused, in the words that a person is shown.
 */

/** When to ask again for a profile that could not be read. */
const UNAVAILABLE_RETRY_S = 30;

/** When to ask again for a profile that had no turn. */
const BUSY_RETRY_S = 5;

/** What is wrong with a username as such; undefined when it is one. */
export function refuseName(username: unknown): Refusal<"invalid-username"> | undefined {
  if (typeof username === "string" && isUsername(username)) return undefined;
  const lower = typeof username === "string" ? username.trim().toLowerCase() : "";
  return refuse(
    "invalid-username",
    isUsername(lower)
      ? `Usernames are lower-case and without spaces: try ${lower}.`
      : USERNAME_RULE,
  );
}

/** For a name that is kept back. */
export function reserved(username: string): Refusal<"reserved-username"> {
  return refuse(
    "reserved-username",
    `The name ${username} is kept for the relay and its operator. If it really is your profile's name, write to the operator.`,
  );
}

/** For a name that was released and rests, `until` milliseconds since the epoch. */
export function resting(username: string, until: number): Refusal<"reserved-username"> {
  const time = `${new Date(until).toISOString().slice(0, 16).replace("T", " ")} UTC`;
  return refuse(
    "reserved-username",
    `The name ${username} was released by the user who had it: until ${time} only the profile that had it can have it again. Choose another name, or come back then.`,
  );
}

/** What a profile says against a claim; undefined when its bio has the code. */
export function refuseBio(
  result: BioAnswer,
  username: string,
  code: string,
): Refusal<"profile-unavailable" | "profile-not-found" | "code-not-found"> | undefined {
  switch (result.state) {
    case "busy":
      return refuse(
        "profile-unavailable",
        "Many profiles are being read just now. Leave the code where it is, and try again in a moment.",
        BUSY_RETRY_S,
      );
    case "unavailable":
      return refuse(
        "profile-unavailable",
        "Your profile could not be read just now. Leave the code where it is, and try again in a minute.",
        UNAVAILABLE_RETRY_S,
      );
    case "not-found":
      return refuse(
        "profile-not-found",
        `There is no public profile named ${username}. Check the spelling, and that others can see your profile.`,
      );
    case "found":
      if (hasCode(result.bio, code)) return undefined;
      return refuse(
        "code-not-found",
        `Your bio does not have the code yet. Put ${code} into it as a word of its own, save it, and try again.`,
      );
  }
}

/** For a claim that never was, or was verified, or was forgotten. */
export function noSuchClaim(): Refusal<"claim-not-found"> {
  return refuse(
    "claim-not-found",
    "There is no such claim, or it was used already. Start the set-up again to make a new one.",
  );
}

/** For a name that the operator blocked. */
export function suspended(username: string, suspension: Suspension): Refusal<"suspended"> {
  return refuse("suspended", suspendedDetail(username, suspension));
}

/** For claims of an address beyond the limit. */
export function tooManyClaims(waitMs: number): Refusal<"rate-limited"> {
  return refuse(
    "rate-limited",
    `Too many claims came from your network address. Try again in ${
      Math.ceil(waitMs / 60_000)
    } min.`,
    Math.ceil(waitMs / 1000),
  );
}

/** For a code whose time is over. */
export function codeExpired(): Refusal<"claim-expired"> {
  return refuse(
    "claim-expired",
    "The time for this code is over. Start the set-up again, and put the new code into your bio.",
  );
}

/** For a claim that was verified `limit` times in vain; it stays so until its time is over. */
export function tooManyVerifications(limit: number, leftMs: number): Refusal<"rate-limited"> {
  return refuse(
    "rate-limited",
    `This code was checked ${limit} times. Start the set-up again to get a new one.`,
    Math.ceil(leftMs / 1000),
  );
}
