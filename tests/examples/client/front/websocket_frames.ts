import { Buffer } from "node:buffer";

/** Kinds of frames (RFC 6455 section 5.2). */
export const OPCODE = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** The first bytes of a frame whose payload is so long, and is to come; masked by zeros, as it is. */
export function frameHead(
  opcode: number,
  length: number,
  { masked = false, compressed = false } = {},
): Buffer {
  const head = Buffer.alloc(10);
  head[0] = 0x80 | (compressed ? 0x40 : 0) | opcode;
  const mask = masked ? 0x80 : 0;
  let size = 2;
  if (length < 126) head[1] = mask | length;
  else if (length < 65_536) {
    head[1] = mask | 126;
    size = 2 + head.writeUInt16BE(length, 2) - 2;
  } else {
    head[1] = mask | 127;
    head.writeBigUInt64BE(BigInt(length), 2);
    size = 10;
  }
  return Buffer.concat([head.subarray(0, size), Buffer.alloc(masked ? 4 : 0)]);
}

/** A whole frame. */
export function wholeFrame(
  opcode: number,
  payload: Uint8Array | string,
  options: { masked?: boolean; compressed?: boolean } = {},
): Buffer {
  const bytes = Buffer.from(payload);
  return Buffer.concat([frameHead(opcode, bytes.length, options), bytes]);
}
