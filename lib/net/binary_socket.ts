import { type FrameEvent, FrameReader } from "../wire/web_socket.ts";
import {
  binaryFrame,
  closeFrame,
  pongFrame,
  type Side,
  withPing,
} from "../wire/web_socket_frames.ts";
import { PongSender } from "./pong_sender.ts";
import { closeQuietly, type Duplex, writeAll } from "./splice.ts";

/** Bytes of a peer's frames that are read at once. */
const READ_BYTES = 16 * 1024;

/** Most payload of one message that is sent: what every library takes. */
const MESSAGE_BYTES = 64 * 1024;

/**
 * What a server sends a ping behind, at most: the rest of a TLS handshake, a request. More than that is
 * part of a stream, whose acknowledgements come of themselves.
 */
const PINGED_BYTES = 4 * 1024;

/** How long the peer may take to read what was sent before a close, milliseconds. */
const CLOSE_TIMEOUT_MS = 1_000;

/** Close codes of RFC 6455 section 7.4.1. */
const STATUS = { normal: 1000, goingAway: 1001, protocolError: 1002 } as const;

const NO_BYTES = new Uint8Array(0);

/**
 * A WebSocket whose binary messages carry two streams of bytes.
 *
 * Where a message begins and ends means nothing, but that an empty one is the end of its sender's
 * stream; after both ends comes the close with 1000. Reads and writes wait for the peer as those of a
 * TCP connection do, so that none can make the other side keep what it sends.
 */
export class BinarySocket implements Duplex {
  readonly #conn: Duplex;
  readonly #side: Side;
  readonly #reader: FrameReader;
  readonly #buffer = new Uint8Array(READ_BYTES);
  /** What was read and not looked at. */
  #rest: Uint8Array;
  /** Settles once everything that was to be sent is. */
  #sent: Promise<void> = Promise.resolve();
  #pongs: PongSender | undefined;
  /** Whether the peer's stream has ended, and ours. */
  #peerEnded = false;
  #ended = false;
  #isClosed = false;
  #closedWith: number | undefined;
  /** Settles once a peer whose stream has ended closes, or is gone. */
  #watching: Promise<void> | undefined;
  readonly #over = Promise.withResolvers<void>();

  /**
   * @param conn what the handshake came over, which is closed with the WebSocket.
   * @param rest what was read behind the handshake.
   * @param side which of the two ends this is.
   */
  constructor(conn: Duplex, rest: Uint8Array = NO_BYTES, side: Side = "server") {
    this.#conn = conn;
    this.#rest = rest;
    this.#side = side;
    this.#reader = new FrameReader({ sender: side === "server" ? "client" : "server" });
  }

  /** Settles once the connection is closed. */
  get closed(): Promise<void> {
    return this.#over.promise;
  }

  /** The code that the peer closed with; undefined before, and where its close has none. */
  get closedWith(): number | undefined {
    return this.#closedWith;
  }

  /** Reads one binary message; undefined for one that is longer, and when none comes. */
  async readMessage(maxBytes: number): Promise<Uint8Array | undefined> {
    const message = new Uint8Array(maxBytes + 1);
    try {
      for (let length = 0; length <= maxBytes;) {
        const event = await this.#next(message.subarray(length));
        if (event.kind === "end") return message.subarray(0, length);
        if (event.kind !== "data") return undefined;
        length += event.bytes;
      }
    } catch {
      // The peer is gone.
    }
    return undefined;
  }

  /** @throws {Error} when the peer closes, or goes, before its stream has ended. */
  async read(p: Uint8Array): Promise<number | null> {
    while (!this.#peerEnded) {
      const event = await this.#next(p);
      if (event.kind === "data") return event.bytes;
      if (event.kind !== "end") throw this.#failure(event);
      this.#peerEnded = event.length === 0;
    }
    this.#watching ??= this.#watch();
    return null;
  }

  async write(p: Uint8Array): Promise<number> {
    if (this.#isClosed) throw new Deno.errors.BadResource("the WebSocket is closed");
    const part = p.subarray(0, MESSAGE_BYTES);
    // An empty message would be the end.
    if (part.length === 0) return 0;
    const frame = binaryFrame(part, this.#side);
    const isPinged = this.#side === "server" && part.length <= PINGED_BYTES;
    await this.#send(isPinged ? withPing(frame) : frame);
    return part.length;
  }

  async closeWrite(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#send(binaryFrame(NO_BYTES, this.#side));
  }

  /**
   * Closes with 1000 where the peer's stream has ended, since ours ends now, else with 1001; then the
   * connection, once the peer has had time to read it.
   */
  close(): void {
    if (!this.#peerEnded) return this.closeWith(STATUS.goingAway);
    const end = this.#ended ? [] : binaryFrame(NO_BYTES, this.#side);
    this.#close(Uint8Array.from([...end, ...closeFrame(STATUS.normal, "", this.#side)]));
  }

  /** Closes with a code of the caller's, whatever was sent. */
  closeWith(code: number): void {
    this.#close(closeFrame(code, "", this.#side));
  }

  #close(words: Uint8Array): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // A peer that reads nothing must not hold the connection by what it was sent before.
    const timer = setTimeout(() => closeQuietly(this.#conn), CLOSE_TIMEOUT_MS);
    this.#sent
      .then(() => writeAll(this.#conn, words))
      // The peer's own close. Where its stream has not ended, what still comes is read all the same:
      // unread, it would make the kernel send a reset, which throws away the close on its way.
      .then(() => this.#watching ?? this.#drain())
      .catch(() => {})
      .finally(() => {
        clearTimeout(timer);
        closeQuietly(this.#conn);
        this.#over.resolve();
      });
  }

  /** Reads, and drops, what the peer sends until it closes; the timer of the close ends it. */
  async #drain(): Promise<void> {
    await this.#conn.closeWrite();
    while (await this.#conn.read(this.#buffer) !== null);
  }

  /** Notices the close of a peer whose stream has ended, though ours may go on. */
  async #watch(): Promise<void> {
    const nothing = new Uint8Array(1);
    const event = await this.#next(nothing).catch(() => undefined);
    // Who closes, or goes, takes no more of ours; nothing else may come behind the end.
    if (event === undefined || event.kind === "close") this.closeWith(STATUS.normal);
    else this.closeWith(event.kind === "fault" ? event.code : STATUS.protocolError);
  }

  /** The next event that is not the reader's own affair. */
  async #next(output: Uint8Array): Promise<FrameEvent> {
    while (true) {
      const { used, event } = this.#reader.read(this.#rest, output);
      this.#rest = this.#rest.subarray(used);
      if (event.kind === "ping") this.#pong(event.payload);
      else if (event.kind === "more") {
        const n = await this.#conn.read(this.#buffer);
        if (n === null) {
          throw new Deno.errors.ConnectionReset("the WebSocket ended without a close");
        }
        this.#rest = this.#buffer.subarray(0, n);
      } else if (event.kind !== "pong") return event;
    }
  }

  #pong(payload: Uint8Array): void {
    this.#pongs ??= new PongSender((each) => this.#send(pongFrame(each, this.#side)));
    this.#pongs.answer(payload);
  }

  /** Sends after what is being sent: frames must not mix. */
  #send(frame: Uint8Array): Promise<void> {
    const sent = this.#sent.then(() => writeAll(this.#conn, frame));
    this.#sent = sent.catch(() => {});
    return sent;
  }

  #failure(event: FrameEvent): Error {
    if (event.kind === "fault") {
      this.closeWith(event.code);
      return new Deno.errors.InvalidData(`the WebSocket cannot go on: ${event.detail}`);
    }
    if (event.kind === "close") this.#closedWith = event.code;
    // Who closes takes no more either, so this is no end of one stream.
    this.closeWith(STATUS.normal);
    return new Deno.errors.ConnectionReset("the WebSocket was closed before its streams' ends");
  }
}
