import { ClientHelloReader, type HelloResult } from "../../lib/wire/client_hello.ts";

/** Bytes of a TLS record header. */
const HEADER = 5;

/** Most bytes of a record's fragment. */
const MAX_FRAGMENT = 1 << 14;

const scratch = new Uint8Array(256 * 1024);

/**
 * Reads pieces one after another with a fresh reader until its answer is final.
 *
 * Each piece comes in the same buffer, which is overwritten afterwards: a reader that kept a
 * reference would read garbage.
 */
export function readPieces(pieces: Uint8Array[]): HelloResult {
  const reader = new ClientHelloReader();
  let result: HelloResult = { state: "more" };
  for (const piece of pieces) {
    scratch.set(piece);
    result = reader.push(scratch.subarray(0, piece.length));
    scratch.fill(0x5a, 0, piece.length);
    if (result.state !== "more") break;
  }
  return result;
}

/** How many of the first bytes a reader needs, one at a time, until its answer is final. */
export function bytesUntilFinal(bytes: Uint8Array): number {
  const reader = new ClientHelloReader();
  const at = bytes.findIndex((_, i) => reader.push(bytes.subarray(i, i + 1)).state !== "more");
  return at === -1 ? Infinity : at + 1;
}

/** The fragments of the records that `bytes` consist of, joined. */
export function fragments(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length;) {
    const end = at + HEADER + (bytes[at + 3]! << 8 | bytes[at + 4]!);
    joined.set(bytes.subarray(at + HEADER, end), length);
    length += end - at - HEADER;
    at = end;
  }
  return joined.slice(0, length);
}

/**
 * Checks that a hello gives the same answer however it is cut: at single places, and at every pair
 * of places that are multiples of `stride`, over reads and over TLS records. With a stride of 1
 * that is every place and every pair. Returns the cuts tried.
 *
 * @param bytes the records that hold the hello, and nothing behind it.
 * @throws {Error} that names the cut at which the answer differs.
 */
export function checkCuts(bytes: Uint8Array, stride = 1): number {
  const expected = readPieces([bytes]);
  if (expected.state !== "hello" || expected.length !== bytes.length) {
    throw new Error(`no hello of ${bytes.length} bytes: ${JSON.stringify(expected)}`);
  }
  const hello = { ...expected };
  const content = fragments(bytes);
  let tried = 0;

  function judge(pieces: Uint8Array[], how: string, cuts: number[]): void {
    tried++;
    // Without the overwriting of readPieces(), which costs more than the reading.
    const reader = new ClientHelloReader();
    let result: HelloResult = { state: "more" };
    hello.length = 0;
    for (const piece of pieces) {
      result = reader.push(piece);
      hello.length += piece.length;
    }
    if (!sameHello(result, hello)) {
      throw new Error(`${how} cut at ${cuts}: ${JSON.stringify(result)}`);
    }
  }

  for (const [a, b] of cutsOf(bytes.length, stride)) {
    const head = bytes.subarray(0, a);
    if (a === b) judge([head, bytes.subarray(a)], "reads", [a]);
    else judge([head, bytes.subarray(a, b), bytes.subarray(b)], "reads", [a, b]);
  }
  for (const [a, b] of cutsOf(content.length, stride)) {
    judge([cutRecords(content, a, b)], "records", [a, b]);
  }
  return tried;
}

/** Single cuts (both places equal), then pairs. */
function* cutsOf(length: number, stride: number): Generator<[number, number]> {
  const single = stride === 1 ? 1 : Math.ceil(length / MAX_SINGLE_CUTS);
  for (let a = 1; a < length; a += single) yield [a, a];
  for (let a = stride; a < length; a += stride) {
    for (let b = a + stride; b < length; b += stride) yield [a, b];
  }
}

/** Longest hello for which every pair of cuts is tried in the tests. */
const MAX_COMPLETE_BYTES = 700;

/** Single cuts of a longer hello, at most. */
const MAX_SINGLE_CUTS = 1000;

/** Stride for {@linkcode checkCuts} with which the tests of a hello take less than a second. */
export function strideFor(length: number): number {
  return length <= MAX_COMPLETE_BYTES ? 1 : Math.ceil(length / (length <= 4096 ? 150 : 30));
}

/** Whether two answers are equal, without the cost of a general comparison. */
export function sameHello(a: HelloResult, b: HelloResult): boolean {
  if (a.state === "hello" && b.state === "hello") {
    return a.serverName === b.serverName && a.length === b.length && a.ech === b.ech &&
      a.alpn.length === b.alpn.length && a.alpn.every((name, i) => name === b.alpn[i]);
  }
  if (a.state === "reject" && b.state === "reject") {
    return a.reason === b.reason && a.detail === b.detail;
  }
  return a.state === b.state;
}

const recordScratch = new Uint8Array(256 * 1024);

/** Puts content into records cut at the given places; the result is overwritten by the next call. */
export function cutRecords(content: Uint8Array, ...cuts: number[]): Uint8Array {
  let at = 0;
  for (let i = 0; i <= cuts.length; i++) {
    const end = i === cuts.length ? content.length : cuts[i]!;
    // What is longer than a record may be takes further ones.
    for (let from = i === 0 ? 0 : cuts[i - 1]!, to; from < end; from = to) {
      to = Math.min(end, from + MAX_FRAGMENT);
      recordScratch.set([22, 3, 1, (to - from) >> 8, (to - from) & 0xff], at);
      recordScratch.set(content.subarray(from, to), at + HEADER);
      at += HEADER + to - from;
    }
  }
  return recordScratch.subarray(0, at);
}
