import { Buffer } from "node:buffer";

/**
 * Lengths of the codes of all bytes and of the end of a string, in bits, one digit to base 31 each (RFC
 * 7541 appendix B).
 *
 * The code is canonical: codes of one length follow each other in the order of their bytes, so that the
 * lengths tell all.
 */
const LENGTHS = `
  DNSSSSSSSOUSSUSSSSSSSSUSSSSSSSSS6AACD68BAA8B8666555666666678F6CA
  D67777777777777777777777878DJDE6F56565666577666567655677777FBEDS
  KMKKMMMNMNNNNNONOOMNONNNNLMNMNNOMLKMMNNLNMMOLMNNLLMLNMNNKMMMNMMN
  QQKJMNMPQQQRRQOPJLQRRQROLLQQSRRRKOKLMLLNMMPPOOQNQRQQRRRRRSRRRRRQ
  U
`.replace(/\s/g, "");

/** The symbol behind all bytes: the end of a string, which is never sent. */
const END = 256;

/** Most bits that may be left over; they are ones (section 5.2). */
const MAX_PADDING = 7;

/**
 * The code as a tree: at `2 * node` and the place after it stand what a 0 and a 1 lead to, another node
 * or, negative, a symbol: `-1 - symbol`.
 */
const TREE = tree();

function tree(): Int16Array {
  const symbols = [...LENGTHS].map((digit, symbol) => ({ symbol, bits: parseInt(digit, 36) }))
    .sort((a, b) => a.bits - b.bits || a.symbol - b.symbol);
  const nodes = new Int16Array(1024);
  let used = 1;
  let code = 0;
  let before = 0;
  for (const { symbol, bits } of symbols) {
    code *= 2 ** (bits - before);
    before = bits;
    let node = 0;
    for (let bit = bits - 1; bit > 0; bit--) {
      const at = 2 * node + (Math.floor(code / 2 ** bit) & 1);
      if (nodes[at] === 0) nodes[at] = used++;
      node = nodes[at]!;
    }
    nodes[2 * node + (code & 1)] = -1 - symbol;
    code++;
  }
  return nodes;
}

/**
 * Reads a string in Huffman code, one character a byte; undefined if it is none.
 *
 * @param max longest string.
 */
export function decodeHuffman(bytes: Uint8Array, max: number): string | undefined {
  const decoded = new Uint8Array(Math.min(max, Math.ceil(bytes.length * 8 / 5)));
  let length = 0;
  let node = 0;
  let pending = 0;
  let onlyOnes = true;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      const one = byte >> bit & 1;
      const next = TREE[2 * node + one]!;
      pending++;
      onlyOnes = one === 1 && onlyOnes;
      if (next >= 0) {
        node = next;
        continue;
      }
      const symbol = -1 - next;
      if (symbol === END || length === decoded.length) return undefined;
      decoded[length++] = symbol;
      node = pending = 0;
      onlyOnes = true;
    }
  }
  if (pending > MAX_PADDING || !onlyOnes) return undefined;
  return Buffer.from(decoded.buffer, 0, length).toString("latin1");
}
