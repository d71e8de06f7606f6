import { Buffer } from "node:buffer";
import { setImmediate } from "node:timers";
import { type FrameEvent, FrameReader } from "../wire/web_socket.ts";
import {
  closeFrame,
  pingFrame,
  pongFrame,
  textFrame,
  withPing,
} from "../wire/web_socket_frames.ts";
import { sendLastWords } from "./last_words.ts";
import { PongSender } from "./pong_sender.ts";
import { closeQuietly, type Duplex, writeAll } from "./splice.ts";

/** Bytes of a peer's frames that are read at once: with room for most messages of a client. */
const READ_BYTES = 256;

/** Close codes of RFC 6455 section 7.4.1; the second is never sent, the third is for who sends none. */
const STATUS = { normal: 1000, abnormal: 1006, none: 1005, invalidPayload: 1007 } as const;

const NO_BYTES = new Uint8Array(0);

/** A message: text, or that it is none. */
type Message = { data: string | undefined };

/** Options for {@linkcode TextSocket}. */
export interface TextSocketOptions {
  /** What the handshake came over, which is closed with the WebSocket. */
  conn: Duplex;
  /** What was read behind the handshake. */
  rest: Uint8Array;
  /** Longest message that is handed on whole, bytes; of a longer one as much and a byte more. */
  maxBytes: number;
}

/**
 * A server's WebSocket for short text messages, with the part of the interface `WebSocket` that they
 * need.
 *
 * It takes no more of a message than is allowed, where the runtime's collects it whole; and it lives on
 * the TLS connection itself, where that one needs a plain one behind it, of two descriptors.
 */
export class TextSocket {
  readonly #conn: Duplex;
  readonly #options: TextSocketOptions;
  readonly #reader = new FrameReader({ takesText: true });
  readonly #onMessage: ((message: Message) => void)[] = [];
  readonly #onClose: ((event: { code: number }) => void)[] = [];
  readonly #onHeard: (() => void)[] = [];
  /** To be sent at the end of this turn of the event loop, in one piece. */
  readonly #frames: Uint8Array[] = [];
  /** Whether one of them is a ping behind a message. */
  #isPinged = false;
  /** Settles once everything that was to be sent is. */
  #sent: Promise<void> = Promise.resolve();
  #unsent = 0;
  #pongs: PongSender | undefined;
  #failed = false;
  #state: number = WebSocket.OPEN;

  constructor(options: TextSocketOptions) {
    this.#conn = options.conn;
    this.#options = options;
  }

  get readyState(): number {
    return this.#state;
  }

  /** Bytes that were sent and that the peer's side has not taken. */
  get bufferedAmount(): number {
    return this.#unsent;
  }

  addEventListener(type: "message", listener: (message: Message) => void): void;
  addEventListener(type: "close", listener: (event: { code: number }) => void): void;
  /** `heard` comes with each ping and pong. */
  addEventListener(type: "heard", listener: () => void): void;
  addEventListener(
    type: "message" | "close" | "heard",
    listener: ((message: Message) => void) | ((event: { code: number }) => void) | (() => void),
  ): void {
    if (type === "message") this.#onMessage.push(listener as (message: Message) => void);
    else if (type === "heard") this.#onHeard.push(listener as () => void);
    else this.#onClose.push(listener as (event: { code: number }) => void);
  }

  /**
   * Sends a message, and behind the first of those that go together a ping, so that the next ones need not
   * wait: see {@linkcode withPing}.
   */
  send(text: string): void {
    if (this.#state !== WebSocket.OPEN) return;
    const frame = textFrame(text);
    this.#send(this.#isPinged ? frame : withPing(frame));
    this.#isPinged = true;
  }

  /** Asks the peer to say something. */
  ping(): void {
    if (this.#state === WebSocket.OPEN) this.#send(pingFrame());
  }

  /** Begins to close: the peer's answer ends it, whose want is the caller's to notice. */
  close(code: number, reason: string): void {
    if (this.#state !== WebSocket.OPEN) return;
    this.#state = WebSocket.CLOSING;
    this.#send(closeFrame(code, reason));
  }

  /** Reads until the WebSocket is closed, and closes the connection. Never rejects. */
  async run(): Promise<void> {
    // The peer is gone where it cannot be read.
    const code = await this.#read().catch(() => STATUS.abnormal);
    this.#state = WebSocket.CLOSED;
    for (const listener of this.#onClose) listener({ code });
    await this.#sent;
    // It may still be sending, and is to read why nobody listens any more.
    if (this.#failed) await sendLastWords(this.#conn, NO_BYTES);
    else closeQuietly(this.#conn);
  }

  /** Reads until the peer closes, or does what it may not; the code of the close. */
  async #read(): Promise<number> {
    const { maxBytes } = this.#options;
    const buffer = new Uint8Array(READ_BYTES);
    const output = new Uint8Array(READ_BYTES);
    let rest = this.#options.rest;
    let message = NO_BYTES;
    let length = 0;
    while (true) {
      const { used, event } = this.#reader.read(rest, output);
      rest = rest.subarray(used);
      switch (event.kind) {
        case "more": {
          const n = await this.#conn.read(buffer);
          if (n === null) return STATUS.abnormal;
          rest = buffer.subarray(0, n);
          break;
        }
        case "data": {
          // A byte above the limit shows that there is more.
          const part = output.subarray(0, Math.min(event.bytes, maxBytes + 1 - length));
          if (length + part.length > message.length) {
            message = grown(message, length, Math.min(maxBytes + 1, (length + part.length) * 2));
          }
          message.set(part, length);
          length += part.length;
          // Told at once and by itself: the rest may never come.
          if (length > maxBytes && part.length > 0) this.#emit("x".repeat(length));
          break;
        }
        case "end": {
          const whole = message.subarray(0, length);
          message = NO_BYTES;
          length = 0;
          if (whole.length > maxBytes) break;
          if (!event.isText) this.#emit(undefined);
          else {
            const text = decode(whole);
            if (text === undefined) return this.#fail(STATUS.invalidPayload);
            this.#emit(text);
          }
          break;
        }
        case "ping":
        case "pong":
          if (event.kind === "ping") this.#pong(event.payload);
          for (const listener of this.#onHeard) listener();
          break;
        default:
          return event.kind === "fault" ? this.#fail(event.code) : this.#closed(event);
      }
    }
  }

  #emit(data: string | undefined): void {
    if (this.#state !== WebSocket.OPEN) return;
    for (const listener of this.#onMessage) listener({ data });
  }

  /** Answers the peer's close, unless it is the answer to ours. */
  #closed({ code }: FrameEvent & { kind: "close" }): number {
    if (this.#state === WebSocket.OPEN) this.close(code ?? STATUS.normal, "");
    return code ?? STATUS.none;
  }

  #fail(code: number): number {
    this.#failed = true;
    this.close(code, "");
    return code;
  }

  #pong(payload: Uint8Array): void {
    this.#pongs ??= new PongSender((each) => this.#send(pongFrame(each)));
    this.#pongs.answer(payload);
  }

  /**
   * Sends together with what else this turn of the event loop brings, as many visitors at once do, and after
   * what is being sent: frames must not mix.
   */
  #send(frame: Uint8Array): Promise<void> {
    this.#unsent += frame.length;
    if (this.#frames.push(frame) === 1) this.#sent = this.#sent.then(() => this.#flush());
    return this.#sent;
  }

  async #flush(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    const bytes = Buffer.concat(this.#frames.splice(0));
    this.#isPinged = false;
    // Who is gone is noticed by the read.
    await writeAll(this.#conn, bytes).catch(() => {});
    this.#unsent -= bytes.length;
  }
}

function grown(bytes: Uint8Array, length: number, size: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(size);
  larger.set(bytes.subarray(0, length));
  return larger;
}

/** The text that bytes are in UTF-8, undefined when they are none. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
