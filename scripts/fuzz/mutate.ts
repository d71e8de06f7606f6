import type { Random } from "./random.ts";

/** Bytes that matter somewhere: limits, record and message types, separators. */
const TELLING = [
  0,
  1,
  2,
  3,
  4,
  5,
  0x0a,
  0x0d,
  0x14,
  0x15,
  0x16,
  0x17,
  0x20,
  0x2e,
  0x3a,
  0x7f,
  0x80,
];

/** A way to damage bytes; may change them in place or return others. */
type Mutation = (bytes: Uint8Array, random: Random, others: Uint8Array[]) => Uint8Array;

const MUTATIONS: Mutation[] = [
  function flipBits(bytes, random) {
    for (let n = 1 + random.below(4); n > 0; n--) {
      bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
    }
    return bytes;
  },
  function setBytes(bytes, random) {
    for (let n = 1 + random.below(4); n > 0; n--) {
      bytes[random.below(bytes.length)] = random.once(2) ? random.below(256) : random.pick(TELLING);
    }
    return bytes;
  },
  // Lengths stand in the first hundred bytes and at extensions: off by a little is what hurts.
  function lieByALittle(bytes, random) {
    const at = random.below(random.once(2) ? Math.min(bytes.length, 100) : bytes.length);
    bytes[at]! += random.pick([-5, -4, -2, -1, 1, 2, 4, 5]);
    return bytes;
  },
  function truncate(bytes, random) {
    return bytes.subarray(0, random.below(bytes.length));
  },
  function remove(bytes, random) {
    const from = random.below(bytes.length);
    const to = Math.min(bytes.length, from + 1 + random.below(random.once(4) ? 200 : 8));
    return joined(bytes.subarray(0, from), bytes.subarray(to));
  },
  function insert(bytes, random) {
    const at = random.below(bytes.length);
    const added = Uint8Array.from({ length: 1 + random.below(12) }, () => random.below(256));
    return joined(bytes.subarray(0, at), added, bytes.subarray(at));
  },
  function repeatPart(bytes, random) {
    const from = random.below(bytes.length);
    const to = Math.min(bytes.length, from + 1 + random.below(80));
    return joined(bytes.subarray(0, to), bytes.subarray(from));
  },
  function splice(bytes, random, others) {
    const other = random.pick(others);
    const at = random.below(bytes.length);
    const from = random.once(2) ? at : random.below(other.length);
    return joined(bytes.subarray(0, at), other.subarray(Math.min(from, other.length)));
  },
  function append(bytes, random, others) {
    return joined(bytes, random.pick(others).subarray(0, 1 + random.below(300)));
  },
];

/** Damages bytes in one to three ways; `others` are what to splice with. Returns other bytes. */
export function mutate(base: Uint8Array, random: Random, others: Uint8Array[]): Uint8Array {
  let bytes: Uint8Array = base.slice();
  for (let n = random.once(3) ? 1 + random.below(3) : 1; n > 0 && bytes.length > 0; n--) {
    bytes = random.pick(MUTATIONS)(bytes, random, others);
  }
  return bytes;
}

/** Joins parts. */
export function joined(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
