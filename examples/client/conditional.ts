/** What identifies a state of a file to caches. */
export interface Validators {
  /** Strong entity tag, quotes included. */
  etag: string;
  /** Last change, milliseconds since the epoch, NaN if unknown; HTTP knows whole seconds only. */
  modifiedAt: number;
}

/** A part of a file, both ends included. */
export interface ByteRange {
  first: number;
  last: number;
}

/**
 * Whether the visitor wants another state of the file than there is (RFC 9110 section 13.2.2): the
 * answer is 412.
 */
export function isRefused(headers: Headers, { etag, modifiedAt }: Validators): boolean {
  const match = headers.get("if-match");
  if (match !== null) {
    return match.trim() !== "*" && !match.split(",").some((tag) => tag.trim() === etag);
  }
  return wholeSeconds(modifiedAt) > httpDate(headers.get("if-unmodified-since"));
}

/** Whether the visitor's copy is still good (RFC 9110 section 13.2.2): the answer is 304. */
export function isNotModified(headers: Headers, { etag, modifiedAt }: Validators): boolean {
  const noneMatch = headers.get("if-none-match");
  if (noneMatch !== null) {
    return noneMatch.trim() === "*" ||
      noneMatch.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag);
  }
  return wholeSeconds(modifiedAt) <= httpDate(headers.get("if-modified-since"));
}

/**
 * The part that a visitor asks for (RFC 9110 section 14.2): undefined for all of it, null for none
 * that exists (416). Several ranges in one request are answered with the whole, as is allowed, and so
 * is a part of nothing: players and downloaders that always ask for parts take an error for a failure.
 */
export function requestedRange(
  headers: Headers,
  size: number,
  { etag, modifiedAt }: Validators,
): ByteRange | undefined | null {
  const match = /^bytes=[ \t]*(\d*)-(\d*)$/i.exec(headers.get("range")?.trim() ?? "");
  if (size === 0 || match === null || (match[1] === "" && match[2] === "")) return undefined;
  const condition = headers.get("if-range");
  if (condition !== null && condition !== etag) {
    if (httpDate(condition) !== wholeSeconds(modifiedAt)) return undefined;
  }
  const last = match[2] === "" ? size - 1 : Number(match[2]);
  if (match[1] === "") return last === 0 ? null : suffix(size, last);
  const first = Number(match[1]);
  if (match[2] !== "" && last < first) return undefined;
  return first >= size ? null : { first, last: Math.min(last, size - 1) };
}

function suffix(size: number, length: number): ByteRange {
  return { first: Math.max(0, size - length), last: size - 1 };
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

/** Milliseconds of a date in any of HTTP's three forms (RFC 9110 section 5.6.7); NaN for what is none. */
function httpDate(text: string | null): number {
  if (text === null || !/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return NaN;
  // The oldest form names no zone, and means this one.
  return Date.parse(text.endsWith(" GMT") ? text : `${text} GMT`);
}
