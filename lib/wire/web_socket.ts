import { isUtf8 } from "node:buffer";
import { MAX_CONTROL_BYTES, OPCODE, type Side } from "./web_socket_frames.ts";

/** Close codes of RFC 6455 section 7.4.1. */
const STATUS = {
  protocolError: 1002,
  unsupportedData: 1003,
  invalidPayload: 1007,
  tooBig: 1009,
} as const;

/** What the next bytes of a peer turn out to be. */
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

/** Options for {@linkcode FrameReader}. */
export interface FrameReaderOptions {
  /** Whether text messages are taken, besides binary ones. @default false */
  takesText?: boolean;
  /** Who sends the frames. @default {"client"} */
  sender?: Side;
}

/** Reads the frames of a peer as their bytes come, a message of any length in pieces. */
export class FrameReader {
  readonly #takesText: boolean;
  readonly #sender: Side;
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

  /** A reader at the beginning of a connection's frames. */
  constructor({ takesText = false, sender = "client" }: FrameReaderOptions = {}) {
    this.#takesText = takesText;
    this.#sender = sender;
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
          this.#control.push(input[at]! ^ (this.#mask[this.#control.length & 3] ?? 0));
        }
        this.#left -= available;
        if (this.#left === 0) return { used: at, event: this.#endControl() };
        continue;
      }
      const bytes = Math.min(available, output.length);
      if (bytes > 0) {
        const mask = this.#mask;
        const maskAt = this.#maskAt;
        if (mask.length === 0) output.set(input.subarray(at, at + bytes));
        else for (let i = 0; i < bytes; i++) output[i] = input[at + i]! ^ mask[(maskAt + i) & 3]!;
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
    if (((second & 128) !== 0) !== (this.#sender === "client")) {
      return fault(`a frame of a ${this.#sender} is ${second & 128 ? "" : "not "}masked`);
    }
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
