import { ClientHelloReader, type HelloResult } from "../../lib/wire/client_hello.ts";

/** Bytes of a TLS record header. */
const HEADER = 5;

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
 * Checks that a hello gives the same answer however it is cut: at every place, and at every pair of
 * places that are multiples of `stride`, over reads and over TLS records. Returns the cuts tried.
 *
 * @param bytes the records that hold the hello, and nothing behind it.
 */
export function checkCuts(bytes: Uint8Array, stride = 1): number {
  const expected = readPieces([bytes]);
  if (expected.state !== "hello" || expected.length !== bytes.length) {
    throw new Error(`no hello of ${bytes.length} bytes: ${JSON.stringify(expected)}`);
  }
  const content = fragments(bytes);
  const whole = HEADER + content.length;
  let tried = 0;

  function judge(result: HelloResult, length: number, how: string, cuts: number[]): void {
    tried++;
    if (!sameHello(result, { ...expected, length } as HelloResult)) {
      throw new Error(`${how} cut at ${cuts}: ${JSON.stringify(result)}`);
    }
  }

  for (let a = 1; a < bytes.length; a++) {
    const head = bytes.subarray(0, a);
    judge(readPieces([head, bytes.subarray(a)]), bytes.length, "reads", [a]);
    if (a % stride !== 0) continue;
    for (let b = a + stride; b < bytes.length; b += stride) {
      const pieces = [head, bytes.subarray(a, b), bytes.subarray(b)];
      judge(readPieces(pieces), bytes.length, "reads", [a, b]);
    }
  }
  for (let a = 1; a < content.length; a++) {
    judge(readPieces([cutRecords(content, a)]), whole + HEADER, "records", [a]);
    if (a % stride !== 0) continue;
    for (let b = a + stride; b < content.length; b += stride) {
      judge(readPieces([cutRecords(content, a, b)]), whole + 2 * HEADER, "records", [a, b]);
    }
  }
  return tried;
}

/** Whether two answers are equal, without the cost of a general comparison. */
export function sameHello(a: HelloResult, b: HelloResult): boolean {
  if (a.state === "hello" && b.state === "hello") {
    return a.serverName === b.serverName && a.length === b.length && a.ech === b.ech &&
      a.alpn.length === b.alpn.length && a.alpn.every((name, i) => name === b.alpn[i]);
  }
  if (a.state === "reject" && b.state === "reject") {
    return a.reason === b.reason && a.alert === b.alert && a.detail === b.detail;
  }
  return a.state === b.state;
}

const recordScratch = new Uint8Array(256 * 1024);

/** Puts content into records cut at the given places; the result is overwritten by the next call. */
export function cutRecords(content: Uint8Array, ...cuts: number[]): Uint8Array {
  let at = 0;
  for (let i = 0; i <= cuts.length; i++) {
    const from = i === 0 ? 0 : cuts[i - 1]!;
    const to = i === cuts.length ? content.length : cuts[i]!;
    recordScratch.set([22, 3, 1, (to - from) >> 8, (to - from) & 0xff], at);
    recordScratch.set(content.subarray(from, to), at + HEADER);
    at += HEADER + to - from;
  }
  return recordScratch.subarray(0, at);
}
