import type { Random } from "./random.ts";

/**
 * What is wrong with how a parser reads a random part of some bytes, from their start; nothing when it
 * wants more, or says the same as of all of them.
 */
export function judgePrefix(
  parse: (bytes: Uint8Array) => { state: string },
  bytes: Uint8Array,
  random: Random,
): string | undefined {
  const prefix = bytes.subarray(0, random.below(bytes.length));
  const early = parse(prefix);
  if (early.state === "more") return undefined;
  const [part, whole] = [early, parse(bytes)].map((result) => JSON.stringify(result));
  return part === whole ? undefined : `after ${prefix.length} bytes it is ${part}, then ${whole}`;
}
