/**
 * HTTP/1.1 as bytes and values: heads, bodies, fields (RFC 9110, RFC 9112).
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { type Field, trimmed } from "./fields.ts";

/** Most bytes of a message's head, in every version of HTTP. */
export const MAX_HEAD_BYTES = 64 * 1024;

/** Most fields of a head or a trailer section. */
export const MAX_FIELDS = 1_000;

/** What a request says before its body. */
export interface RequestHead {
  method: string;
  /** As it was sent, byte for byte. */
  target: string;
  version: "1.0" | "1.1";
  fields: Field[];
}

/** What an answer says before its body. */
export interface AnswerHead {
  status: number;
  reason: string;
  fields: Field[];
}

/** A message that is not one of HTTP; `status` is what its sender may be told. */
export class MalformedHead extends Error {
  override readonly name = "MalformedHead";
  readonly status: number;

  constructor(message: string, status = 400) {
    super(message);
    this.status = status;
  }
}

/** RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/;

/**
 * Reads the head of a request (RFC 9112 sections 3 and 5), its empty line not included.
 *
 * Strict, since it is a stranger's: what two programs could read in two ways is refused.
 *
 * @throws {MalformedHead}
 */
export function parseRequestHead(text: string): RequestHead {
  const [first = "", ...lines] = text.split(/\r?\n/);
  const words = /^([^ ]+) ([^ ]+) HTTP\/(\d)\.(\d)$/.exec(first);
  if (words === null || !TOKEN.test(words[1]!) || !isTarget(words[2]!)) {
    throw new MalformedHead("Cannot read request: its first line is malformed");
  }
  const [, method, target, major, minor] = words;
  if (major !== "1") throw new MalformedHead("Cannot read request: not HTTP/1", 505);
  if (lines.length > MAX_FIELDS) throw new MalformedHead("Cannot read request: many fields", 431);
  const fields = lines.map((line): Field => {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon);
    const value = trimmed(line.slice(colon + 1));
    if (colon === -1) throw new MalformedHead("Cannot read request: a header field is malformed");
    return checkedField([name, value]);
  });
  return { method: method!, target: target!, version: minor === "0" ? "1.0" : "1.1", fields };
}

/** Whether this can stand in a request line: nothing in it ends the word (RFC 9112 section 3.2). */
export function isTarget(target: string): boolean {
  // deno-lint-ignore no-control-regex
  return target !== "" && !/[\x00-\x20\x7f]/.test(target);
}

/** Whether this is one field in every version of HTTP. */
function isField([name, value]: Field): boolean {
  return TOKEN.test(name) && value.search(CONTROLS) === -1;
}

/**
 * A field of a visitor's, however it came.
 *
 * @throws {MalformedHead} if it could be read as more than one field, or as none.
 */
export function checkedField(field: Field): Field {
  if (!isField(field)) {
    throw new MalformedHead("Cannot read request: a header field is malformed");
  }
  return field;
}

/**
 * Reads the head of an app's answer (RFC 9112 sections 4 and 5), its empty line not included.
 *
 * Lenient, since browsers are: a folded value is joined, white space before a colon removed (section
 * 5.1), what a field may not hold becomes a space (RFC 9110 section 5.5), and a line that is no field
 * is left out.
 *
 * @throws {MalformedHead}
 */
export function parseAnswerHead(text: string): AnswerHead {
  const [first = "", ...lines] = unfolded(text).split(/\r?\n/);
  const { status, reason } = parseStatusLine(first);
  if (lines.length > MAX_FIELDS) throw new MalformedHead("Cannot read answer: many fields");
  return { status, reason: clean(reason), fields: lines.map(answerField).filter(hasToken) };
}

/**
 * Reads the first line of an app's answer, which is not to be waited behind where it is none.
 *
 * @throws {MalformedHead}
 */
export function parseStatusLine(line: string): { status: number; reason: string } {
  const [, digits, reason = ""] = /^(?:HTTP\/1\.\d|ICY) +(\d{3})(?: ([^]*))?\r?$/.exec(line) ?? [];
  const status = Number(digits ?? 0);
  if (status < 100) throw new MalformedHead("Cannot read answer: it does not begin like HTTP");
  return { status, reason };
}

/**
 * Reads the lines of an app's trailer section, as leniently as its head. What is no field is left
 * out: the body before it is whole.
 */
export function parseAnswerTrailers(lines: readonly string[]): Field[] {
  return unfolded(lines.join("\n")).split("\n").map(answerField).filter(hasToken);
}

/** Lines that begin with white space joined to the ones before, with which they go on (section 5.2). */
function unfolded(text: string): string {
  return text.replace(/\r?\n[ \t]+/g, " ");
}

function answerField(line: string): Field {
  const colon = line.indexOf(":");
  return [trimmed(line.slice(0, Math.max(0, colon))), cleanValue(line.slice(colon + 1))];
}

/** A name that is no token means nothing to anybody, and HTTP/2 has no way to say it. */
function hasToken([name]: Field): boolean {
  return isToken(name);
}

/**
 * Reads one line of a visitor's trailer section.
 *
 * @throws {MalformedHead}
 */
export function parseTrailer(line: string): Field {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(0, colon));
  if (!TOKEN.test(name)) throw new MalformedHead("Cannot read trailer: it is malformed");
  return [name, cleanValue(line.slice(colon + 1))];
}

/** The bytes of a request's head, its empty line included. */
export function requestHeadBytes(method: string, target: string, fields: readonly Field[]): Buffer {
  return headBytes(`${method} ${target} HTTP/1.1`, fields);
}

/** The bytes of an answer's head, its empty line included. */
export function answerHeadBytes({ status, reason, fields }: AnswerHead): Buffer {
  return headBytes(`HTTP/1.1 ${status} ${reason}`, fields);
}

function headBytes(first: string, fields: readonly Field[]): Buffer {
  let text = `${first}\r\n`;
  for (const [name, value] of fields) text += `${name}: ${value}\r\n`;
  return Buffer.from(`${text}\r\n`, "latin1");
}

/** Whether this can be a field's name. */
export function isToken(name: string): boolean {
  return TOKEN.test(name);
}

// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x08\x0a-\x1f\x7f]/g;

function clean(text: string): string {
  return text.replace(CONTROLS, " ");
}

/** A value without blanks at its ends, also where a control was: in HTTP/2 they break it (RFC 9113 section 8.2.1). */
function cleanValue(value: string): string {
  return trimmed(clean(value));
}
