import type { Duplex } from "../../../lib/net/splice.ts";
import {
  ConnectionError,
  ERROR,
  FLAG,
  FRAME,
  frame,
  type FrameHeader,
  int32s,
  readInt31,
  SETTING,
  settingsFrame,
  StreamError,
  unpadded,
} from "./frames.ts";
import { readFrames } from "./frame_reader.ts";
import { HeaderBlocks, type WholeBlock } from "./header_blocks.ts";
import { type Http2Request, readRequest, readTrailers } from "./request.ts";
import { DEFAULT_WINDOW_BYTES, FrameSender } from "./sender.ts";
import { readSettings } from "./settings.ts";
import { Http2Stream, type StreamSession } from "./stream.ts";
import { StreamTable } from "./stream_table.ts";

/** Requests of one visitor at once. */
const MAX_STREAMS = 100;

/** What a visitor may send of one upload, and of all, before the app has taken any; bytes. */
const STREAM_WINDOW_BYTES = 256 * 1024;
const SESSION_WINDOW_BYTES = 1024 * 1024;

/** Frames without a request or a byte of a body in between that are too many. */
const MAX_IDLE_FRAMES = 10_000;

/** Requests taken back before their answer, above those answered, that are too many. */
const MAX_RESETS = 200;

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

/**
 * The server's side of HTTP/2 (RFC 9113) on a connection.
 *
 * Of our own: the runtime's (node:http2 of Deno 2.9, nghttp2 below it) ends the process under ordinary
 * load, and its fetch-like server has no trailers, no interim answers and heads of 16 KiB at most.
 */
export class Http2Session implements StreamSession {
  readonly sender: FrameSender;
  readonly #options: SessionOptions;
  readonly #blocks: HeaderBlocks;
  readonly #streams = new StreamTable();
  readonly #left = Promise.withResolvers<void>();
  #running = 0;
  #leaving = false;
  #ended = false;
  #receiveWindow = SESSION_WINDOW_BYTES;
  /** Bytes that are not held any more, and of which the peer was not told yet. */
  #released = 0;
  #peerWindow = DEFAULT_WINDOW_BYTES;
  #idleFrames = 0;
  #resets = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.sender = new FrameSender(options.conn);
    this.#blocks = new HeaderBlocks(options.maxHeadBytes);
  }

  /**
   * Serves until either side has ended it and every answer is over. Does not close the connection.
   *
   * @throws {Error} if the connection breaks, or the peer breaks the protocol.
   */
  async run(): Promise<void> {
    try {
      await this.sender.write(settingsFrame([
        [SETTING.maxConcurrentStreams, MAX_STREAMS],
        [SETTING.initialWindowSize, STREAM_WINDOW_BYTES],
        [SETTING.maxHeaderListSize, this.#options.maxHeadBytes],
      ]));
      this.#grantSession(SESSION_WINDOW_BYTES - DEFAULT_WINDOW_BYTES);
      const reading = this.#read().finally(() => this.sender.end());
      // Its failure counts, or nobody waits for it any more.
      reading.catch(() => {});
      const gone = aborted(this.#options.gone);
      await Promise.race([reading, this.#left.promise, gone]);
      // No more can come; those under way are answered all the same (half-close).
      this.#leaving = true;
      if (this.#running > 0) await Promise.race([this.#left.promise, gone]);
    } catch (error) {
      if (error instanceof ConnectionError) await this.#goAway(error.code).catch(() => {});
      throw error;
    } finally {
      this.#ended = true;
      for (const stream of this.#streams.values()) stream.close();
      this.sender.wake();
    }
  }

  /** Takes no more requests, and ends once those under way are answered. */
  leave(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    this.#goAway(ERROR.none).catch(() => {});
    if (this.#running === 0) this.#left.resolve();
  }

  /** Gives the peer leave to send so many bytes more on a stream. */
  grant(stream: Http2Stream, bytes: number): void {
    stream.receiveWindow += bytes;
    this.#tell(frame(FRAME.windowUpdate, 0, stream.id, int32s(bytes)));
  }

  /**
   * Notes that so many bytes, of whichever stream, are not held any more. The peer is told of them in
   * large steps, whatever became of each stream: with many at once none of them takes much.
   */
  release(bytes: number): void {
    this.#released += bytes;
    if (this.#released < SESSION_WINDOW_BYTES / 4) return;
    this.#receiveWindow += this.#released;
    this.#grantSession(this.#released);
    this.#released = 0;
  }

  /** Ends a stream at once; nothing more is sent on it. */
  async reset(id: number, code: number): Promise<void> {
    this.#forget(id, true);
    await this.sender.write(frame(FRAME.rstStream, 0, id, int32s(code)));
  }

  #grantSession(bytes: number): void {
    if (bytes > 0) this.#tell(frame(FRAME.windowUpdate, 0, 0, int32s(bytes)));
  }

  /** Sends a frame; if that fails, so does whatever waits for the connection. */
  #tell(bytes: Uint8Array): void {
    if (!this.#ended) this.sender.write(bytes).catch(() => {});
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
        await this.reset(error.stream, error.code);
      }
      if (this.#idleFrames > MAX_IDLE_FRAMES || this.#resets > MAX_RESETS) {
        throw new ConnectionError(ERROR.enhanceYourCalm, "there are too many frames for nothing");
      }
    }
  }

  async #take(header: FrameHeader, payload: Uint8Array): Promise<void> {
    const { type, stream } = header;
    // A long answer has many of these, and they are what it goes on by.
    if (type !== FRAME.windowUpdate) this.#idleFrames++;
    if (this.#blocks.isOpen !== (type === FRAME.continuation)) {
      throw new ConnectionError(ERROR.protocol, "a header block is interrupted");
    }
    const ofConnection = type === FRAME.settings || type === FRAME.ping || type === FRAME.goAway;
    if (type < FRAME.windowUpdate && ofConnection !== (stream === 0)) {
      throw new ConnectionError(ERROR.protocol, "a frame is on a stream that it cannot be on");
    }
    switch (type) {
      case FRAME.data:
        return this.#data(header, payload);
      case FRAME.headers:
      case FRAME.continuation: {
        const block = this.#blocks.add(header, payload);
        return block && this.#headers(block);
      }
      case FRAME.priority:
        if (payload.length !== 5) throw new StreamError(stream, ERROR.frameSize, "PRIORITY");
        if (readInt31(payload) !== stream) return;
        throw new StreamError(stream, ERROR.protocol, "a stream depends on itself");
      case FRAME.rstStream:
        return this.#rstStream(stream, payload);
      case FRAME.settings:
        return await this.#settings(header, payload);
      case FRAME.pushPromise:
        throw new ConnectionError(ERROR.protocol, "PUSH_PROMISE from a client");
      case FRAME.ping:
        checkLength(payload, 8);
        // Awaited: who asks and does not read the answers is not read either.
        if (!(header.flags & FLAG.ack)) await this.sender.write(frame(type, FLAG.ack, 0, payload));
        return;
      case FRAME.windowUpdate:
        return this.#windowUpdate(stream, payload);
    }
  }

  #data({ stream: id, flags, length }: FrameHeader, payload: Uint8Array): void {
    this.#receiveWindow -= length;
    if (this.#receiveWindow < 0) throw new ConnectionError(ERROR.flowControl, "too much data");
    const stream = this.#streams.get(id);
    if (stream === undefined || stream.remoteEnded) {
      this.release(length);
      return this.#streams.checkLate(id);
    }
    const piece = unpadded(payload, flags);
    stream.receiveWindow -= length;
    if (stream.receiveWindow < 0) throw new StreamError(id, ERROR.flowControl, "too much data");
    if (length > piece.length) {
      this.grant(stream, length - piece.length);
      this.release(length - piece.length);
    }
    if (stream.missing !== undefined) stream.missing -= piece.length;
    const isLast = (flags & FLAG.endStream) !== 0;
    if (stream.missing !== undefined && (stream.missing < 0 || (isLast && stream.missing > 0))) {
      throw new StreamError(id, ERROR.protocol, "its length is not as announced");
    }
    if (piece.length > 0) {
      this.#idleFrames = 0;
      stream.receive(piece);
    }
    if (isLast) stream.end();
  }

  #headers({ stream: id, endStream, dependsOnItself, list }: WholeBlock): void {
    const known = this.#streams.get(id);
    if (known !== undefined) {
      if (known.remoteEnded) throw new StreamError(id, ERROR.streamClosed, "it has ended");
      const isWhole = known.missing === undefined || known.missing === 0;
      if (!endStream || !isWhole) throw new StreamError(id, ERROR.protocol, "trailers too soon");
      known.trailers.push(...readTrailers(id, list.fields));
      return known.end();
    }
    if (this.#streams.isLateOpening(id)) return;
    this.#idleFrames = 0;
    if (this.#leaving || this.#running >= MAX_STREAMS) {
      throw new StreamError(id, ERROR.refusedStream, "too many streams");
    }
    if (dependsOnItself) throw new StreamError(id, ERROR.protocol, "it depends on itself");
    const request = readRequest(id, list.fields);
    if (endStream && (request.length ?? 0) > 0) {
      throw new StreamError(id, ERROR.protocol, "its length is not as announced");
    }
    const windows = { send: this.#peerWindow, receive: STREAM_WINDOW_BYTES };
    const stream = new Http2Stream(id, this, windows);
    stream.missing = request.length;
    if (endStream) stream.end();
    this.#streams.add(stream);
    this.#answer(stream, request, list.tooLarge);
  }

  async #answer(stream: Http2Stream, request: Http2Request, tooLarge: boolean): Promise<void> {
    if (++this.#running === 1) this.#options.onIdle(false);
    try {
      await this.#options.onRequest(stream, request, tooLarge);
      if (stream.localEnded) this.#resets = Math.max(0, this.#resets - 1);
    } finally {
      this.#end(stream);
      if (--this.#running === 0) {
        this.#options.onIdle(true);
        if (this.#leaving) this.#left.resolve();
      }
    }
  }

  /** Ends a stream whose answer is over, in whichever way. */
  #end(stream: Http2Stream): void {
    if (this.#streams.get(stream.id) === undefined) return;
    // What is missing of the answer is not to be taken for its end; what is missing of the request is
    // not asked for any more (section 8.1).
    const code = stream.localEnded ? ERROR.none : ERROR.internal;
    const byUs = !stream.localEnded || !stream.remoteEnded;
    this.#forget(stream.id, byUs);
    if (!byUs) return;
    this.#tell(frame(FRAME.rstStream, 0, stream.id, int32s(code)));
  }

  #rstStream(id: number, payload: Uint8Array): void {
    checkLength(payload, 4);
    this.#streams.checkNotIdle(id);
    if (this.#streams.get(id) !== undefined) this.#resets++;
    this.#forget(id, false);
  }

  #forget(id: number, byUs: boolean): void {
    const stream = this.#streams.close(id, byUs);
    if (stream === undefined) return;
    this.release(stream.close());
    this.sender.wake();
  }

  async #settings({ flags }: FrameHeader, payload: Uint8Array): Promise<void> {
    if (flags & FLAG.ack) return checkLength(payload, 0);
    const { maxFrameBytes, initialWindow } = readSettings(payload);
    if (maxFrameBytes !== undefined) this.sender.maxFrameBytes = maxFrameBytes;
    if (initialWindow !== undefined) {
      for (const stream of this.#streams.values()) {
        stream.moveWindow(initialWindow - this.#peerWindow);
      }
      this.#peerWindow = initialWindow;
    }
    this.sender.wake();
    await this.sender.write(frame(FRAME.settings, FLAG.ack, 0));
  }

  #windowUpdate(id: number, payload: Uint8Array): void {
    checkLength(payload, 4);
    const increment = readInt31(payload);
    this.#streams.checkNotIdle(id);
    const stream = this.#streams.get(id);
    if (increment === 0) {
      if (id === 0) throw new ConnectionError(ERROR.protocol, "a window grows by nothing");
      throw new StreamError(id, ERROR.protocol, "a window grows by nothing");
    }
    if (id === 0 || stream !== undefined) this.sender.opened(increment, stream);
  }
}

/** Rejects once the signal is aborted. */
function aborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(new Deno.errors.ConnectionReset("the connection is gone"));
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  promise.catch(() => {});
  return promise;
}

function checkLength(payload: Uint8Array, length: number): void {
  if (payload.length !== length) {
    throw new ConnectionError(ERROR.frameSize, "a frame's length is wrong");
  }
}
