import { USERNAME_PATTERN } from "../../lib/wire/username.ts";

/** Whether a member of an answer is what it has to be. */
export type Check = (value: unknown) => boolean;

/** Longest secret or id that is taken; a relay's are below 100 characters, sealed claims some more. */
const MAX_WORD = 4096;

/** Longest code; it has to find its place in a bio. */
const MAX_CODE = 100;

const WORD = /^[!-~]+$/;

/** What a code counts as a whole word of (PROTOCOL section 1). */
const CODE = /^[A-Za-z0-9_-]+$/;

const USERNAME = new RegExp(USERNAME_PATTERN);

/** RFC 3339. */
const TIME = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$/;

/** Lines of visible characters, which PEM is. */
const LINES = /^[\r\n -~]+$/;

/*
 * What the relay says is stored, shown on a terminal and put into requests and files. So each member is
 * checked once, where it comes in; what is no such thing is no answer of a relay.
 */

export const isNumber: Check = (value) => typeof value === "number";

export const isBoolean: Check = (value) => typeof value === "boolean";

/** A secret or an id, opaque to this client. */
export const isWord: Check = (value) => isText(value, MAX_WORD) && WORD.test(value);

export const isCode: Check = (value) => isText(value, MAX_CODE) && CODE.test(value);

export const isUsername: Check = (value) => typeof value === "string" && USERNAME.test(value);

export const isTime: Check = (value) =>
  typeof value === "string" && TIME.test(value) && !Number.isNaN(Date.parse(value));

export const isTexts: Check = (value) => Array.isArray(value) && value.every(isString);

/** Any text; what is shown of it is escaped there. */
export const isString: Check = (value) => typeof value === "string";

export const isPem: Check = (value) => typeof value === "string" && LINES.test(value);

/** One of these words. */
export function isOneOf(...words: string[]): Check {
  return (value) => typeof value === "string" && words.includes(value);
}

/** Nothing, or what `check` says. */
export function isNullOr(check: Check): Check {
  return (value) => value === null || value === undefined || check(value);
}

/** An object whose members are what `checks` say. */
export function isObjectOf(checks: Record<string, Check>): Check {
  return (value) =>
    typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.entries(checks).every(([name, check]) =>
      check((value as Record<string, unknown>)[name])
    );
}

function isText(value: unknown, longest: number): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= longest;
}
