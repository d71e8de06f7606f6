import { ACME_PROTOCOL } from "../../examples/client/front/proof.ts";
import {
  ClientHelloReader,
  type HelloResult,
  MAX_HELLO_BYTES,
  parseClientHello,
} from "../../lib/wire/client_hello.ts";
import { cutRecords, sameHello } from "../../tests/wire/cuts.ts";
import { readRecordings } from "../../tests/wire/recording.ts";
import { mutate } from "./mutate.ts";
import type { Random } from "./random.ts";

/** Names that may be found: visible, in lower case. */
const NAME = /^[ -@[-~]+$/;

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$/;

const REASON = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

/** What may stand in a log line as it is. */
const DETAIL = /^[ -~]{10,100}$/;

const RECORDINGS = readRecordings().map(({ bytes }) => bytes);

/** Recordings by cost: most cases begin with a small one. */
const SMALL = RECORDINGS.filter((bytes) => bytes.length < 1000);
const MIDDLE = RECORDINGS.filter((bytes) => bytes.length < 4096);

/** Those of programs that ask as certificate authorities do (RFC 8737 section 3). */
const ASKING = RECORDINGS.filter((bytes) => {
  const hello = parseClientHello(bytes);
  return hello.state === "hello" && `${hello.alpn}` === ACME_PROTOCOL;
});

/** The bytes of a case: a real hello in new records, damaged most of the time. */
export function helloCase(random: Random): Uint8Array {
  const bases = random.once(3000) ? RECORDINGS : random.once(8) ? MIDDLE : SMALL;
  return damaged(random.pick(bases), random);
}

/** The same of a hello that asks for the proof of a domain. */
export function proofCase(random: Random): Uint8Array {
  return damaged(random.pick(ASKING), random);
}

function damaged(bytes: Uint8Array, random: Random): Uint8Array {
  if (random.once(3)) bytes = resplit(bytes, bytes.length, random);
  if (random.once(12)) return bytes.slice();
  return mutate(bytes, random, SMALL);
}

/** What is wrong with the reading of some bytes; nothing when all is well. */
export function judgeHello(bytes: Uint8Array, random: Random): string | undefined {
  const whole = parseClientHello(bytes);
  const cuts = random.cuts(bytes.length, 6);
  const pieces = readCut(bytes, cuts);
  if (!sameHello(pieces, whole)) return `cut at ${cuts} it is ${show(pieces)}, not ${show(whole)}`;

  const prefix = bytes.subarray(0, random.below(bytes.length));
  const early = parseClientHello(prefix);
  if (early.state !== "more" && !sameHello(early, whole)) {
    return `after ${prefix.length} bytes it is ${show(early)}, then ${show(whole)}`;
  }
  if (whole.state === "more") {
    return bytes.length < MAX_HELLO_BYTES ? undefined : "it wants more than the limit";
  }
  if (whole.state === "reject") {
    const fine = REASON.test(whole.reason) && DETAIL.test(whole.detail);
    return fine ? undefined : `it is refused as ${show(whole)}`;
  }
  const { serverName, alpn, length } = whole;
  if (length > bytes.length || length > MAX_HELLO_BYTES) return `it has ${length} bytes`;
  if (serverName !== undefined) {
    if (!NAME.test(serverName) || serverName.length > 255) return `it has the name ${serverName}`;
    if (IPV4.test(serverName)) return `it has the address ${serverName} as its name`;
  }
  if (alpn.some((name) => name.length === 0 || name.length > 255)) {
    return "it has a wrong ALPN name";
  }
  const split = resplit(bytes, length, random);
  // Further headers may take a hello over the limit.
  if (split.length > MAX_HELLO_BYTES) return undefined;
  const again = parseClientHello(split);
  const expected = { ...whole, length: split.length };
  return sameHello(again, expected) ? undefined : `in other records it is ${show(again)}`;
}

/** Reads bytes with one reader, cut at the given places, all of them even after the answer. */
function readCut(bytes: Uint8Array, cuts: number[]): HelloResult {
  const reader = new ClientHelloReader();
  let result: HelloResult = { state: "more" };
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    result = reader.push(bytes.subarray(from, to));
    from = to;
  }
  return result;
}

const content = new Uint8Array(2 * MAX_HELLO_BYTES);

/** Puts what the records in the first `length` bytes hold into others, cut at random. */
function resplit(bytes: Uint8Array, length: number, random: Random): Uint8Array {
  let filled = 0;
  for (let at = 0; at < length;) {
    const end = at + 5 + (bytes[at + 3]! << 8 | bytes[at + 4]!);
    const fragment = bytes.subarray(at + 5, Math.min(end, length));
    content.set(fragment, filled);
    filled += fragment.length;
    at = end;
  }
  const whole = content.subarray(0, filled);
  return cutRecords(whole, ...random.cuts(filled, random.once(10) ? 60 : 5)).slice();
}

function show(result: HelloResult): string {
  return JSON.stringify(result);
}

/** Nanoseconds that reading a typical hello takes, the median of many rounds. */
export function helloCost(): Record<string, number> {
  const costs: Record<string, number> = {};
  for (const { name, bytes } of readRecordings()) {
    if (!["chromium-default", "firefox-default", "curl-default", "go-default"].includes(name)) {
      continue;
    }
    const rounds = Array.from({ length: 200 }, () => {
      const start = performance.now();
      for (let i = 0; i < 500; i++) parseClientHello(bytes);
      return (performance.now() - start) * 1e6 / 500;
    });
    costs[`${name} (${bytes.length} bytes)`] = Math.round(rounds.sort((a, b) => a - b)[100]!);
  }
  return costs;
}
