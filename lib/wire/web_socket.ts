import { isUtf8 } from "node:buffer";

/** Opcodes of frames (RFC 6455 section 5.2). */
const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Longest payload of a close, ping or pong (RFC 6455 section 5.5). */
const MAX_CONTROL_BYTES = 125;

/** Close codes of RFC 6455 section 7.4.1. */
const STATUS = {
  protocolError: 1002,
  unsupportedData: 1003,
  invalidPayload: 1007,
  tooBig: 1009,
} as const;

/** Longest reason of a close, bytes: what a close frame has room for behind the code. */
const MAX_REASON_BYTES = MAX_CONTROL_BYTES - 2;

/** A frame of a server with a whole binary message: not masked (RFC 6455 section 5.1). */
export function binaryFrame(payload: Uint8Array): Uint8Array<ArrayBuffer> {
  return frame(OPCODE.binary, payload);
}

/** A frame of a server with a whole text message. */
export function textFrame(text: string): Uint8Array<ArrayBuffer> {
  return frame(OPCODE.text, new TextEncoder().encode(text));
}

/** A ping without a payload. */
export function pingFrame(): Uint8Array<ArrayBuffer> {
  return frame(OPCODE.ping, new Uint8Array(0));
}

/** The answer to a ping. */
export function pongFrame(payload: Uint8Array): Uint8Array<ArrayBuffer> {
  return frame(OPCODE.pong, payload);
}

/** A close frame; a reason that is too long for one is cut. */
export function closeFrame(code: number, reason = ""): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(2 + MAX_REASON_BYTES);
  payload.set([code >> 8, code & 255]);
  const { written } = new TextEncoder().encodeInto(reason, payload.subarray(2));
  return frame(OPCODE.close, payload.subarray(0, 2 + written));
}

function frame(opcode: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const head = length <= 125
    ? [length]
    : length <= 0xffff
    ? [126, length >> 8, length & 255]
    : [127, 0, 0, 0, 0, length >>> 24, length >>> 16 & 255, length >>> 8 & 255, length & 255];
  const bytes = new Uint8Array(1 + head.length + length);
  bytes[0] = 0x80 | opcode;
  bytes.set(head, 1);
  bytes.set(payload, 1 + head.length);
  return bytes;
}

/** What the next bytes of a client turn out to be. */
export type FrameEvent =
  /** All bytes are used, and there is nothing to tell. */
  | { kind: "more" }
  /** So many bytes of a message were put out. */
  | { kind: "data"; bytes: number }
  /** A message is complete; its length in all. */
  | { kind: "end"; length: number; isText: boolean }
  | { kind: "ping"; payload: Uint8Array<ArrayBuffer> }
  | { kind: "pong" }
  /** `code` absent where the frame has none. */
  | { kind: "close"; code?: number }
  /** What is wrong, and the close code for it. */
  | { kind: "fault"; code: number; detail: string };

/** Reads the frames of a client as their bytes come, a message of any length in pieces. */
export class FrameReader {
  readonly #takesText: boolean;
  #header: number[] = [];
  #inFrame = false;
  #opcode: number = OPCODE.continuation;
  #isFinal = false;
  /** Bytes that the frame's payload still has. */
  #left = 0;
  #mask: readonly number[] = [];
  #maskAt = 0;
  /** Length of the message so far; absent between messages. */
  #message: number | undefined;
  #isText = false;
  /** Payload of a control frame so far. */
  #control: number[] = [];

  /**
   * A reader at the beginning of a connection's frames.
   *
   * @param takesText whether text messages are taken, besides binary ones.
   */
  constructor(takesText = false) {
    this.#takesText = takesText;
  }

  /**
   * Looks at bytes up to the next event, and puts payload of a message into `output`, which has room
   * for a byte at least.
   *
   * @returns the event, and how many bytes of `input` were used for it; call again with the rest
   * until the event is `more`.
   */
  read(input: Uint8Array, output: Uint8Array): { used: number; event: FrameEvent } {
    let at = 0;
    while (true) {
      if (!this.#inFrame) {
        while (this.#header.length < this.#headerBytes()) {
          if (at === input.length) return { used: at, event: { kind: "more" } };
          this.#header.push(input[at++]!);
        }
        const fault = this.#begin();
        if (fault !== undefined) return { used: at, event: fault };
      }
      const available = Math.min(this.#left, input.length - at);
      if (this.#left > 0 && available === 0) return { used: at, event: { kind: "more" } };
      if (this.#opcode >= OPCODE.close) {
        for (let i = 0; i < available; i++, at++) {
          this.#control.push(input[at]! ^ this.#mask[this.#control.length & 3]!);
        }
        this.#left -= available;
        if (this.#left === 0) return { used: at, event: this.#endControl() };
        continue;
      }
      const bytes = Math.min(available, output.length);
      if (bytes > 0) {
        const mask = this.#mask;
        const maskAt = this.#maskAt;
        for (let i = 0; i < bytes; i++) output[i] = input[at + i]! ^ mask[(maskAt + i) & 3]!;
        at += bytes;
        this.#maskAt = (maskAt + bytes) & 3;
        this.#left -= bytes;
        this.#message! += bytes;
        return { used: at, event: { kind: "data", bytes } };
      }
      this.#inFrame = false;
      if (!this.#isFinal) continue;
      const length = this.#message!;
      this.#message = undefined;
      return { used: at, event: { kind: "end", length, isText: this.#isText } };
    }
  }

  /** How many bytes the frame's header has, as far as that is known. */
  #headerBytes(): number {
    const second = this.#header[1];
    if (second === undefined) return 2;
    const length = second & 127;
    return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + (second & 128 ? 4 : 0);
  }

  /** Judges a header that has come. */
  #begin(): FrameEvent | undefined {
    const [first = 0, second = 0] = this.#header;
    const short = second & 127;
    const lengthAt = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0);
    const length = short < 126
      ? short
      : this.#header.slice(2, lengthAt).reduce((sum, byte) => sum * 256 + byte, 0);
    const opcode = first & 15;
    const isControl = opcode >= OPCODE.close;
    this.#isFinal = (first & 128) !== 0;
    this.#mask = this.#header.slice(lengthAt);
    this.#header = [];
    if (first & 0x70) return fault("a reserved bit is set");
    if (!(second & 128)) return fault("a frame is not masked");
    if (opcode > OPCODE.pong || (opcode > OPCODE.binary && !isControl)) {
      return fault(`opcode ${opcode} is reserved`);
    }
    if (isControl && (!this.#isFinal || length > MAX_CONTROL_BYTES)) {
      return fault("a control frame is in pieces, or too long");
    }
    if (opcode === OPCODE.text && !this.#takesText) {
      return fault("a text message is none of this subprotocol", STATUS.unsupportedData);
    }
    if (!isControl && (opcode === OPCODE.continuation) !== (this.#message !== undefined)) {
      return fault("a message begins within another, or goes on without one");
    }
    if (!Number.isSafeInteger(length)) return fault("a frame is too long", STATUS.tooBig);
    if (!isControl) this.#message ??= 0;
    if (!isControl && opcode !== OPCODE.continuation) this.#isText = opcode === OPCODE.text;
    this.#opcode = opcode;
    this.#left = length;
    this.#maskAt = 0;
    this.#inFrame = true;
    return undefined;
  }

  #endControl(): FrameEvent {
    this.#inFrame = false;
    const payload = Uint8Array.from(this.#control);
    this.#control = [];
    if (this.#opcode === OPCODE.ping) return { kind: "ping", payload };
    if (this.#opcode === OPCODE.pong) return { kind: "pong" };
    if (payload.length === 0) return { kind: "close" };
    if (payload.length === 1) return fault("a close frame has half a code");
    const code = payload[0]! << 8 | payload[1]!;
    if (!mayBeSent(code)) return fault(`a close frame has the code ${code}`);
    return isUtf8(payload.subarray(2))
      ? { kind: "close", code }
      : fault("the reason of a close is no UTF-8", STATUS.invalidPayload);
  }
}

/** Whether a close frame may have a code (RFC 6455 section 7.4, and the IANA registry). */
function mayBeSent(code: number): boolean {
  return (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) ||
    (code >= 3000 && code <= 4999);
}

function fault(detail: string, code: number = STATUS.protocolError): FrameEvent {
  return { kind: "fault", code, detail };
}
