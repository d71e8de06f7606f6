/** Opcodes of frames (RFC 6455 section 5.2). */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Longest payload of a close, ping or pong (RFC 6455 section 5.5). */
export const MAX_CONTROL_BYTES = 125;

/** Longest reason of a close, bytes: what a close frame has room for behind the code. */
const MAX_REASON_BYTES = MAX_CONTROL_BYTES - 2;

/** An end of a WebSocket: a client masks the payload of its frames, a server must not (section 5.1). */
export type Side = "client" | "server";

/** A frame with a whole binary message. */
export function binaryFrame(
  payload: Uint8Array,
  sender: Side = "server",
): Uint8Array<ArrayBuffer> {
  return frame(OPCODE.binary, payload, sender);
}

/** A frame of a server with a whole text message. */
export function textFrame(text: string): Uint8Array<ArrayBuffer> {
  return frame(OPCODE.text, new TextEncoder().encode(text));
}

/** A ping without a payload. */
export function pingFrame(): Uint8Array<ArrayBuffer> {
  return frame(OPCODE.ping, new Uint8Array(0));
}

/**
 * A frame of a server and a ping behind it: the pong takes the acknowledgement along.
 *
 * Where the system holds a small message back until the one before is acknowledged (Nagle's algorithm, RFC
 * 9293 section 3.7.4), and the other end has its acknowledgement wait for something to go with (RFC 9293
 * section 3.8.6.3: 40 ms on Linux), the next message goes out after a round trip instead.
 */
export function withPing(frame: Uint8Array): Uint8Array<ArrayBuffer> {
  const ping = pingFrame();
  const bytes = new Uint8Array(frame.length + ping.length);
  bytes.set(frame);
  bytes.set(ping, frame.length);
  return bytes;
}

/** The answer to a ping. */
export function pongFrame(
  payload: Uint8Array,
  sender: Side = "server",
): Uint8Array<ArrayBuffer> {
  return frame(OPCODE.pong, payload, sender);
}

/** A close frame; a reason that is too long for one is cut. */
export function closeFrame(
  code: number,
  reason = "",
  sender: Side = "server",
): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(2 + MAX_REASON_BYTES);
  payload.set([code >> 8, code & 255]);
  const { written } = new TextEncoder().encodeInto(reason, payload.subarray(2));
  return frame(OPCODE.close, payload.subarray(0, 2 + written), sender);
}

function frame(
  opcode: number,
  payload: Uint8Array,
  sender: Side = "server",
): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const head = length <= 125
    ? [length]
    : length <= 0xffff
    ? [126, length >> 8, length & 255]
    : [127, 0, 0, 0, 0, length >>> 24, length >>> 16 & 255, length >>> 8 & 255, length & 255];
  const mask = sender === "client" ? crypto.getRandomValues(new Uint8Array(4)) : undefined;
  if (mask !== undefined) head[0]! |= 0x80;
  const start = 1 + head.length + (mask?.length ?? 0);
  const bytes = new Uint8Array(start + length);
  bytes[0] = 0x80 | opcode;
  bytes.set(head, 1);
  if (mask === undefined) {
    bytes.set(payload, start);
  } else {
    bytes.set(mask, 1 + head.length);
    for (let i = 0; i < length; i++) bytes[start + i] = payload[i]! ^ mask[i & 3]!;
  }
  return bytes;
}
