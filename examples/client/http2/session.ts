/**
 * The server's side of HTTP/2 (RFC 9113), and HPACK (RFC 7541).
 *
 * Of our own: the runtime's (node:http2 of Deno 2.9, nghttp2 below it) ends the process under ordinary
 * load, and its fetch-like server has no trailers, no interim answers and heads of 16 KiB at most.
 *
 * @module
 */
import type { Duplex } from "../../../lib/net/splice.ts";
import {
  ConnectionError,
  ERROR,
  errorOn,
  FLAG,
  FRAME,
  frame,
  type FrameHeader,
  int32s,
  readInt31,
  StreamError,
  unpadded,
} from "./frames.ts";
import { Answers } from "./answers.ts";
import { endingFrame } from "./ending.ts";
import { FloodGuard } from "./flood_guard.ts";
import { readFrames } from "./frame_reader.ts";
import { checkFrame } from "./frame_rules.ts";
import { HeaderBlocks, type WholeBlock } from "./header_blocks.ts";
import { ReceiveWindow } from "./receive_window.ts";
import { rejectOnAbort } from "./reject_on_abort.ts";
import { type Http2Request, readRequest } from "./request.ts";
import { DEFAULT_WINDOW_BYTES, FrameSender } from "./sender.ts";
import {
  MAX_STREAMS,
  ownSettings,
  readSettings,
  SESSION_WINDOW_BYTES,
  STREAM_WINDOW_BYTES,
} from "./settings.ts";
import { Http2Stream, type StreamSession } from "./stream.ts";
import { StreamTable } from "./stream_table.ts";

/** Options for {@linkcode Http2Session}. */
export interface SessionOptions {
  /** Closed by whoever made it. */
  conn: Duplex;
  /** Aborted when the connection is gone, which nobody may be reading any more. */
  gone: AbortSignal;
  /** Most bytes of a request's fields. */
  maxHeadBytes: number;
  /** Answers a request; resolves once that is over. `tooLarge`: its fields were more than the limit. */
  onRequest: (stream: Http2Stream, request: Http2Request, tooLarge: boolean) => Promise<void>;
  /** Told whether no request is being answered. */
  onIdle: (idle: boolean) => void;
}

/** A connection of HTTP/2, on the server's side. */
export class Http2Session implements StreamSession {
  readonly sender: FrameSender;
  readonly #options: SessionOptions;
  readonly #blocks: HeaderBlocks;
  readonly #streams = new StreamTable();
  readonly #guard = new FloodGuard();
  readonly #window = new ReceiveWindow(
    SESSION_WINDOW_BYTES,
    (bytes) => this.sender.tell(frame(FRAME.windowUpdate, 0, 0, int32s(bytes))),
  );
  readonly #answers: Answers;
  #peerWindow = DEFAULT_WINDOW_BYTES;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.sender = new FrameSender(options.conn, () => this.#guard.useful());
    this.#answers = new Answers(options.onIdle);
    this.#blocks = new HeaderBlocks(options.maxHeadBytes);
  }

  /**
   * Serves until either side has ended it and every answer is over. Does not close the connection.
   *
   * @throws {Error} if the connection breaks, or the peer breaks the protocol.
   */
  async run(): Promise<void> {
    try {
      await this.sender.write(ownSettings(this.#options.maxHeadBytes));
      this.#window.announce();
      const reading = this.#read().finally(() => this.sender.end());
      // Its failure counts, or nobody waits for it any more.
      reading.catch(() => {});
      const gone = rejectOnAbort(this.#options.gone);
      await Promise.race([reading, this.#answers.over, gone]);
      // No more can come; those under way are answered all the same (half-close).
      this.#answers.leave();
      await Promise.race([this.#answers.over, gone]);
    } catch (error) {
      if (error instanceof ConnectionError) await this.#goAway(error.code).catch(() => {});
      throw error;
    } finally {
      this.sender.close();
      for (const stream of this.#streams.values()) stream.close();
    }
  }

  /** Takes no more requests, and ends once those under way are answered. */
  leave(): void {
    if (this.#answers.leaving) return;
    this.#goAway(ERROR.none).catch(() => {});
    this.#answers.leave();
  }

  /** Gives the peer leave to send so many bytes more on a stream. */
  grant(stream: Http2Stream, bytes: number): void {
    stream.receiveWindow += bytes;
    this.sender.tell(frame(FRAME.windowUpdate, 0, stream.id, int32s(bytes)));
  }

  /** Notes that so many bytes, of whichever stream, are not held any more. */
  release(bytes: number): void {
    this.#window.release(bytes);
  }

  /** Ends a stream at once; nothing more is sent on it. */
  async reset(id: number, code: number): Promise<void> {
    this.#forget(id, true);
    await this.sender.write(frame(FRAME.rstStream, 0, id, int32s(code)));
  }

  async #goAway(code: number): Promise<void> {
    await this.sender.write(frame(FRAME.goAway, 0, 0, int32s(this.#streams.lastId, code)));
  }

  async #read(): Promise<void> {
    for await (const { header, payload } of readFrames(this.#options.conn)) {
      try {
        await this.#take(header, payload);
      } catch (error) {
        if (!(error instanceof StreamError)) throw error;
        this.#guard.reset();
        await this.reset(error.stream, error.code);
      }
      this.#guard.check();
    }
  }

  async #take(header: FrameHeader, payload: Uint8Array): Promise<void> {
    const { type, stream, flags } = header;
    this.#guard.frame();
    checkFrame(header, payload, this.#blocks.isOpen);
    switch (type) {
      case FRAME.data:
        return this.#data(header, payload);
      case FRAME.headers:
      case FRAME.continuation: {
        const block = this.#blocks.add(header, payload);
        return block && this.#headers(block);
      }
      case FRAME.rstStream:
        return this.#rstStream(stream);
      case FRAME.settings:
        return flags & FLAG.ack ? undefined : await this.#settings(payload);
      case FRAME.ping:
        // Awaited: who asks and does not read the answers is not read either.
        if (!(flags & FLAG.ack)) await this.sender.write(frame(type, FLAG.ack, 0, payload));
        return;
      case FRAME.windowUpdate:
        return this.#windowUpdate(stream, readInt31(payload));
    }
  }

  #data({ stream: id, flags, length }: FrameHeader, payload: Uint8Array): void {
    this.#window.take(length);
    const stream = this.#streams.get(id);
    if (stream === undefined || stream.remoteEnded) {
      this.release(length);
      return this.#streams.checkLate(id);
    }
    const piece = unpadded(payload, flags);
    stream.receive(piece, length, (flags & FLAG.endStream) !== 0);
    if (piece.length > 0) this.#guard.useful();
  }

  #headers(block: WholeBlock): void {
    const { stream: id, endStream, list } = block;
    const known = this.#streams.get(id);
    if (known !== undefined) return known.receiveTrailers(list.fields, endStream);
    if (this.#streams.isLateOpening(id)) return;
    this.#guard.useful();
    if (this.#answers.leaving || this.#answers.running >= MAX_STREAMS) {
      throw new StreamError(id, ERROR.refusedStream, "too many streams");
    }
    const request = readRequest(block);
    const windows = { send: this.#peerWindow, receive: STREAM_WINDOW_BYTES };
    const stream = new Http2Stream(id, this, windows, request.length);
    if (endStream) stream.end();
    this.#streams.add(stream);
    this.#answers.run(() => this.#answer(stream, request, list.tooLarge));
  }

  async #answer(stream: Http2Stream, request: Http2Request, tooLarge: boolean): Promise<void> {
    try {
      await this.#options.onRequest(stream, request, tooLarge);
      if (stream.localEnded) this.#guard.answered();
    } finally {
      this.#end(stream);
    }
  }

  /** Ends a stream whose answer is over, in whichever way. */
  #end(stream: Http2Stream): void {
    if (this.#streams.get(stream.id) === undefined) return;
    const ending = endingFrame(stream);
    this.#forget(stream.id, !stream.localEnded || !stream.remoteEnded);
    if (ending !== undefined) this.sender.tell(ending);
  }

  #rstStream(id: number): void {
    this.#streams.checkNotIdle(id);
    if (this.#streams.get(id) !== undefined) this.#guard.reset();
    this.#forget(id, false);
  }

  #forget(id: number, byUs: boolean): void {
    const stream = this.#streams.close(id, byUs);
    if (stream === undefined) return;
    this.release(stream.close());
    this.sender.wake(stream);
  }

  async #settings(payload: Uint8Array): Promise<void> {
    const peer = readSettings(payload);
    this.sender.adapt(peer);
    if (peer.initialWindow !== undefined) {
      this.#streams.moveWindows(peer.initialWindow - this.#peerWindow);
      this.#peerWindow = peer.initialWindow;
    }
    this.sender.wakeAll();
    await this.sender.write(frame(FRAME.settings, FLAG.ack, 0));
  }

  #windowUpdate(id: number, increment: number): void {
    this.#streams.checkNotIdle(id);
    const stream = this.#streams.get(id);
    if (increment === 0) throw errorOn(id, ERROR.protocol, "a window grows by nothing");
    if (id === 0 || stream !== undefined) this.sender.opened(increment, stream);
  }
}
