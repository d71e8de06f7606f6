// Numbers and bytes of its own, as the RFCs have them: with the frames of the client itself, a mistake
// in those would not show.

import { Buffer } from "node:buffer";

/** Types of frames (RFC 9113 section 6). */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Flags of frames; the same bit means another thing on another type. */
export const FLAG = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const;

/** What a client says first, before any frame (RFC 9113 section 3.4). */
export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** A frame. */
export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array | string = "",
): Buffer {
  const bytes = typeof payload === "string" ? Buffer.from(payload, "latin1") : payload;
  const head = Buffer.alloc(9);
  head.writeUIntBE(bytes.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, bytes]);
}

/** A frame of settings, by their numbers (RFC 9113 section 6.5.2). */
export function settings(values: Record<number, number> = {}): Buffer {
  const payload = Buffer.alloc(6 * Object.keys(values).length);
  Object.entries(values).forEach(([id, value], i) => {
    payload.writeUInt16BE(Number(id), i * 6);
    payload.writeUInt32BE(value, i * 6 + 2);
  });
  return frame(FRAME.settings, 0, 0, payload);
}

/** The four bytes of a number. */
export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** An integer of HPACK behind a prefix of so many bits (RFC 7541 section 5.1). */
function integer(value: number, bits: number): number[] {
  const most = 2 ** bits - 1;
  if (value < most) return [value];
  const bytes = [most];
  for (value -= most; value >= 128; value >>= 7) bytes.push(value % 128 | 128);
  return [...bytes, value];
}

/** Fields as literals, one character a byte (RFC 7541 section 6.2.2). */
export function fieldBlock(
  fields: readonly (readonly [string, string])[],
  { indexed = false } = {},
): Buffer {
  return Buffer.concat(fields.map(([name, value]) =>
    Buffer.concat([
      Buffer.from([indexed ? 0x40 : 0, ...integer(name.length, 7)]),
      Buffer.from(name, "latin1"),
      Buffer.from(integer(value.length, 7)),
      Buffer.from(value, "latin1"),
    ])
  ));
}

/** The pseudo-fields of a request, and others behind them. */
export function requestFields(
  method: string,
  path: string,
  authority: string,
  ...others: (readonly [string, string])[]
): (readonly [string, string])[] {
  return [
    [":method", method],
    [":scheme", "https"],
    [":authority", authority],
    [":path", path],
    ...others,
  ];
}

/** A frame as it came. */
export interface Frame {
  type: number;
  flags: number;
  stream: number;
  payload: Buffer;
}

/** Takes the whole frames off the front of some bytes. */
export function takeFrames(bytes: Buffer): { frames: Frame[]; rest: Buffer } {
  const frames: Frame[] = [];
  while (bytes.length >= 9) {
    const length = bytes.readUIntBE(0, 3);
    if (bytes.length < 9 + length) break;
    frames.push({
      type: bytes[3]!,
      flags: bytes[4]!,
      stream: bytes.readUInt32BE(5),
      payload: bytes.subarray(9, 9 + length),
    });
    bytes = bytes.subarray(9 + length);
  }
  return { frames, rest: bytes };
}
