import { createHash } from "node:crypto";
import { latin1 } from "./latin1.ts";

/** Opcodes of frames (RFC 6455 section 5.2). */
const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Longest payload of a close, ping or pong (RFC 6455 section 5.5). */
const MAX_CONTROL_BYTES = 125;

/** Close codes of RFC 6455 section 7.4.1. */
const STATUS = { protocolError: 1002, unsupportedData: 1003, tooBig: 1009 } as const;

/** What a server's accept key is made with (RFC 6455 section 1.3). */
const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** An opening handshake of a WebSocket. */
export interface Upgrade {
  /** The request's Host field. */
  host: string;
  /** `Sec-WebSocket-Key`. */
  key: string;
}

/**
 * Reads a request head as the opening handshake of a subprotocol (RFC 6455 section 4.2.1); undefined
 * where it is not one.
 *
 * @param head the request line and the fields, up to the empty line.
 */
export function readUpgrade(head: string, path: string, protocol: string): Upgrade | undefined {
  const [line, ...fields] = head.split("\r\n");
  if (line !== `GET ${path} HTTP/1.1`) return undefined;
  const values = new Map<string, string>();
  for (const field of fields) {
    const colon = field.indexOf(":");
    if (colon < 1) continue;
    const name = field.slice(0, colon).toLowerCase();
    const value = field.slice(colon + 1).trim();
    // A second Host is nobody's: the server behind refuses it.
    if (name === "host" && values.has(name)) return undefined;
    values.set(name, values.has(name) ? `${values.get(name)}, ${value}` : value);
  }
  const has = (name: string, word: string): boolean =>
    (values.get(name) ?? "").split(",").some((w) => w.trim().toLowerCase() === word);
  const host = values.get("host");
  const key = values.get("sec-websocket-key") ?? "";
  const isWhole = has("upgrade", "websocket") && has("connection", "upgrade") &&
    has("sec-websocket-version", "13") && has("sec-websocket-protocol", protocol) &&
    /^[A-Za-z0-9+/]{22}==$/.test(key);
  return isWhole && host !== undefined ? { host, key } : undefined;
}

/** The server's answer to an opening handshake (RFC 6455 section 4.2.2). */
export function upgradeAnswer({ key }: Upgrade, protocol: string): Uint8Array<ArrayBuffer> {
  const accept = createHash("sha1").update(key + ACCEPT_GUID).digest("base64");
  return new TextEncoder().encode(
    [
      "HTTP/1.1 101 Switching Protocols",
      "Upgrade: websocket",
      "Connection: Upgrade",
      `Sec-WebSocket-Accept: ${accept}`,
      `Sec-WebSocket-Protocol: ${protocol}`,
      "\r\n",
    ].join("\r\n"),
  );
}

/** A frame of a server with a whole binary message: not masked (RFC 6455 section 5.1). */
export function binaryFrame(payload: Uint8Array): Uint8Array<ArrayBuffer> {
  return frame(OPCODE.binary, payload);
}

/** The answer to a ping. */
export function pongFrame(payload: Uint8Array): Uint8Array<ArrayBuffer> {
  return frame(OPCODE.pong, payload);
}

/** A close frame without a reason. */
export function closeFrame(code: number): Uint8Array<ArrayBuffer> {
  return frame(OPCODE.close, Uint8Array.of(code >> 8, code & 255));
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
  /** So many bytes of a binary message were put out. */
  | { kind: "data"; bytes: number }
  /** A binary message is complete; its length in all. */
  | { kind: "end"; length: number }
  | { kind: "ping"; payload: Uint8Array<ArrayBuffer> }
  | { kind: "pong" }
  /** `code` absent where the frame has none. */
  | { kind: "close"; code?: number }
  /** What is wrong, and the close code for it. */
  | { kind: "fault"; code: number; detail: string };

/** Reads the frames of a client as their bytes come, a message of any length in pieces. */
export class FrameReader {
  #header: number[] = [];
  #inFrame = false;
  #opcode: number = OPCODE.continuation;
  #isFinal = false;
  /** Bytes that the frame's payload still has. */
  #left = 0;
  #mask: readonly number[] = [];
  #maskAt = 0;
  /** Length of the binary message so far; absent between messages. */
  #message: number | undefined;
  /** Payload of a control frame so far. */
  #control: number[] = [];

  /**
   * Looks at bytes up to the next event, and puts payload of a binary message into `output`, which
   * has room for a byte at least.
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
      return { used: at, event: { kind: "end", length } };
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
    if (opcode === OPCODE.text) {
      return fault("a text message is none of this subprotocol", STATUS.unsupportedData);
    }
    if (!isControl && (opcode === OPCODE.continuation) !== (this.#message !== undefined)) {
      return fault("a message begins within another, or goes on without one");
    }
    if (!Number.isSafeInteger(length)) return fault("a frame is too long", STATUS.tooBig);
    if (!isControl) this.#message ??= 0;
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
    return payload.length === 1
      ? fault("a close frame has half a code")
      : { kind: "close", code: payload[0]! << 8 | payload[1]! };
  }
}

function fault(detail: string, code: number = STATUS.protocolError): FrameEvent {
  return { kind: "fault", code, detail };
}

/** The text of a request head in these bytes, its empty line not included; undefined without its end. */
export function headText(bytes: Uint8Array): string | undefined {
  const text = latin1(bytes, 0, bytes.length);
  const end = text.indexOf("\r\n\r\n");
  return end === -1 ? undefined : text.slice(0, end);
}
