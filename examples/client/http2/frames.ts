/** Types of frames (RFC 9113 section 6). */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Flags of frames; a bit means what its frame's type says. */
export const FLAG = {
  ack: 0x1,
  endStream: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const;

/** Parameters of SETTINGS (section 6.5.2). */
export const SETTING = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

/** Error codes (section 7). */
export const ERROR = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  streamClosed: 5,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
  enhanceYourCalm: 11,
} as const;

/** Bytes before a frame's payload. */
export const FRAME_HEADER_BYTES = 9;

/** Largest payload that either side takes unless it says otherwise (section 6.5.2). */
export const DEFAULT_FRAME_BYTES = 16_384;

/** What a client begins with (section 3.4), before its SETTINGS. */
export const PREFACE = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** The largest window, and stream id. */
export const MAX_INT31 = 0x7fff_ffff;

/** The head of a frame. */
export interface FrameHeader {
  length: number;
  type: number;
  flags: number;
  stream: number;
}

/** Reads a frame's head of {@linkcode FRAME_HEADER_BYTES}. */
export function readFrameHeader(bytes: Uint8Array): FrameHeader {
  return {
    length: bytes[0]! << 16 | bytes[1]! << 8 | bytes[2]!,
    type: bytes[3]!,
    flags: bytes[4]!,
    stream: readInt31(bytes, 5),
  };
}

/** Writes a frame's head at an offset of `into`. */
export function writeFrameHeader(into: Uint8Array, at: number, frame: FrameHeader): void {
  const { length, type, flags, stream } = frame;
  into.set([length >> 16, length >> 8, length, type, flags], at);
  into.set([stream >>> 24, stream >> 16, stream >> 8, stream], at + 5);
}

/** The bytes of a frame. */
export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = new Uint8Array(),
): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + payload.length);
  writeFrameHeader(bytes, 0, { length: payload.length, type, flags, stream });
  bytes.set(payload, FRAME_HEADER_BYTES);
  return bytes;
}

/** The bytes of 32-bit numbers one after the other. */
export function int32s(...numbers: number[]): Uint8Array {
  const bytes = new Uint8Array(numbers.length * 4);
  const view = new DataView(bytes.buffer);
  numbers.forEach((number, i) => view.setUint32(i * 4, number));
  return bytes;
}

/** A SETTINGS frame. */
export function settingsFrame(
  settings: readonly (readonly [id: number, value: number])[],
): Uint8Array {
  const payload = new Uint8Array(settings.length * 6);
  const view = new DataView(payload.buffer);
  settings.forEach(([id, value], i) => {
    view.setUint16(i * 6, id);
    view.setUint32(i * 6 + 2, value);
  });
  return frame(FRAME.settings, 0, 0, payload);
}

/** A number of 31 bits; the first bit is reserved. */
export function readInt31(bytes: Uint8Array, at = 0): number {
  return (bytes[at]! & 0x7f) << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!;
}

/** A number of 32 bits. */
export function readInt32(bytes: Uint8Array, at = 0): number {
  return readInt31(bytes, at) + (bytes[at]! & 0x80 ? 0x8000_0000 : 0);
}

/** Ends the connection: both sides have to agree on what was sent (section 5.4.1). */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Ends one stream (section 5.4.2). */
export class StreamError extends Error {
  override readonly name = "StreamError";
  readonly stream: number;
  readonly code: number;

  constructor(stream: number, code: number, message: string) {
    super(message);
    this.stream = stream;
    this.code = code;
  }
}

/** What ends a stream, or the connection where that is the one meant: stream 0. */
export function errorOn(stream: number, code: number, why: string): ConnectionError | StreamError {
  return stream === 0 ? new ConnectionError(code, why) : new StreamError(stream, code, why);
}

/**
 * The payload without its padding (section 6.1).
 *
 * @throws {ConnectionError} if there is more padding than payload.
 */
export function unpadded(payload: Uint8Array, flags: number): Uint8Array {
  if ((flags & FLAG.padded) === 0) return payload;
  const padding = payload[0];
  if (padding === undefined || padding >= payload.length) {
    throw new ConnectionError(ERROR.protocol, "a frame has more padding than payload");
  }
  return payload.subarray(1, payload.length - padding);
}
