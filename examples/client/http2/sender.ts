import { Buffer } from "node:buffer";
import { BufferPool } from "../../../lib/net/buffer_pool.ts";
import { type Duplex, writeAll } from "../../../lib/net/splice.ts";
import { NO_TABLE } from "./hpack_encoder.ts";
import type { PeerSettings } from "./settings.ts";
import type { Http2Stream } from "./stream.ts";
import {
  ConnectionError,
  DEFAULT_FRAME_BYTES,
  ERROR,
  FLAG,
  FRAME,
  frame,
  FRAME_HEADER_BYTES,
  MAX_INT31,
  StreamError,
  writeFrameHeader,
} from "./frames.ts";

/** Window that either side begins with (RFC 9113 section 6.9.2). */
export const DEFAULT_WINDOW_BYTES = 65_535;

/** Room of the table of fields that either side begins with (RFC 9113 section 6.5.2). */
const DEFAULT_TABLE_BYTES = 4_096;

/** Most bytes of DATA frames that are put together for one write. */
const BATCH_BYTES = 128 * 1024;

/** A piece of which windows let through less than this, and no more, makes the peer's part as large as ours. */
const WORTH_BYTES = 128;

/** What such a batch takes with the heads of its frames, the smallest that a peer may ask for. */
const batches = new BufferPool(
  BATCH_BYTES + Math.ceil(BATCH_BYTES / DEFAULT_FRAME_BYTES) * FRAME_HEADER_BYTES,
);

/** Writes frames one after the other, those with data as the peer's windows allow (section 5.2). */
export class FrameSender {
  /** Largest payload that the peer takes. */
  maxFrameBytes = DEFAULT_FRAME_BYTES;
  readonly #conn: Pick<Duplex, "write">;
  readonly #onData: () => void;
  #window = DEFAULT_WINDOW_BYTES;
  #tail: Promise<void> = Promise.resolve();
  /** Who waits for a window, whoever has waited longest first. */
  readonly #waiting = new Map<Http2Stream, () => void>();
  /** Whether the next header block has to say that our table of fields is none. */
  #tellsTable = false;
  /** Whether windows stay as they are. */
  #final = false;
  #closed = false;

  /** @param onData told of each batch of data that is worth the frames by which the peer asked for it. */
  constructor(conn: Pick<Duplex, "write">, onData: () => void = () => {}) {
    this.#conn = conn;
    this.#onData = onData;
  }

  /** Writes what is whole frames; resolves when the connection took them. */
  write(bytes: Uint8Array): Promise<void> {
    return this.#inTurn(() => writeAll(this.#conn, bytes));
  }

  /** Writes without waiting; if that fails, so does whatever waits for the connection. */
  tell(bytes: Uint8Array): void {
    if (!this.#closed) this.write(bytes).catch(() => {});
  }

  /** Notes what the peer takes. */
  adapt({ maxFrameBytes, tableBytes = DEFAULT_TABLE_BYTES }: PeerSettings): void {
    if (maxFrameBytes !== undefined) this.maxFrameBytes = maxFrameBytes;
    // It cannot know that the table is not used, and ends the connection unless it is told (section 4.3.1).
    if (tableBytes < DEFAULT_TABLE_BYTES) this.#tellsTable = true;
  }

  /** Writes a header block: HEADERS, and CONTINUATION where it takes more than one frame. */
  headers(stream: number, fields: Uint8Array, endStream: boolean): Promise<void> {
    const block = this.#tellsTable ? Buffer.concat([NO_TABLE, fields]) : fields;
    this.#tellsTable = false;
    const frames: Uint8Array[] = [];
    for (let at = 0; at === 0 || at < block.length; at += this.maxFrameBytes) {
      const part = block.subarray(at, at + this.maxFrameBytes);
      const isLast = at + part.length >= block.length;
      const flags = (isLast ? FLAG.endHeaders : 0) | (endStream && at === 0 ? FLAG.endStream : 0);
      frames.push(frame(at === 0 ? FRAME.headers : FRAME.continuation, flags, stream, part));
    }
    return this.write(frames.length === 1 ? frames[0]! : Buffer.concat(frames));
  }

  /**
   * Writes a piece of a body as the windows allow; one piece of a stream at a time.
   *
   * @throws {Error} if the stream is over before all of it was sent.
   */
  async data(stream: Http2Stream, piece: Uint8Array): Promise<void> {
    for (let at = 0; at < piece.length;) {
      while (Math.min(this.#window, stream.sendWindow) <= 0 && !stream.over.aborted) {
        if (this.#final) throw new Deno.errors.ConnectionReset("no window opens any more");
        await new Promise<void>((resolve) => this.#waiting.set(stream, resolve));
      }
      if (stream.over.aborted) {
        this.#wakeNext();
        throw new Deno.errors.ConnectionReset("the stream is over");
      }
      const n = Math.min(piece.length - at, this.#window, stream.sendWindow, BATCH_BYTES);
      this.#window -= n;
      stream.sendWindow -= n;
      this.#wakeNext();
      if (n === piece.length - at || n >= WORTH_BYTES) this.#onData();
      const part = piece.subarray(at, at + n);
      await this.#inTurn(() => this.#writeData(stream.id, part));
      at += n;
    }
  }

  /** Notes a WINDOW_UPDATE for the connection, or for a stream. */
  opened(increment: number, stream?: Http2Stream): void {
    if (stream !== undefined) {
      if (stream.sendWindow + increment > MAX_INT31) {
        throw new StreamError(stream.id, ERROR.flowControl, "its window is too large");
      }
      stream.sendWindow += increment;
      if (this.#window > 0 && stream.sendWindow > 0) this.wake(stream);
    } else {
      if (this.#window + increment > MAX_INT31) {
        throw new ConnectionError(ERROR.flowControl, "the window is too large");
      }
      this.#window += increment;
      this.#wakeNext();
    }
  }

  /** Notes that no more can come of the peer: what its windows do not hold can never be sent. */
  end(): void {
    this.#final = true;
    this.wakeAll();
  }

  /** Tells the peer nothing more by itself; whoever waits for a window looks again. */
  close(): void {
    this.#closed = true;
    this.wakeAll();
  }

  /** Has everybody who waits for a window look again. */
  wakeAll(): void {
    for (const stream of this.#waiting.keys()) this.wake(stream);
  }

  /** Has a stream look again at its window, and whether it is over. */
  wake(stream: Http2Stream): void {
    const go = this.#waiting.get(stream);
    this.#waiting.delete(stream);
    go?.();
  }

  /**
   * Has the next one look who can send by the connection's window; it wakes the one behind. Were all woken each time, a
   * hundred would look for every byte that a peer lets through.
   */
  #wakeNext(): void {
    if (this.#window <= 0) return;
    for (const stream of this.#waiting.keys()) {
      if (stream.sendWindow > 0) return this.wake(stream);
    }
  }

  /** Whole frames one after the other, whoever sends them. */
  #inTurn(write: () => Promise<void>): Promise<void> {
    const done = this.#tail.then(write);
    this.#tail = done.catch(() => {});
    return done;
  }

  /** Writes DATA frames; memory for each batch anew would have to be collected, for as much as it takes to send. */
  async #writeData(stream: number, bytes: Uint8Array): Promise<void> {
    const batch = batches.take();
    let to = 0;
    for (let at = 0; at < bytes.length; at += this.maxFrameBytes) {
      const part = bytes.subarray(at, at + this.maxFrameBytes);
      writeFrameHeader(batch, to, { length: part.length, type: FRAME.data, flags: 0, stream });
      batch.set(part, to + FRAME_HEADER_BYTES);
      to += FRAME_HEADER_BYTES + part.length;
    }
    await writeAll(this.#conn, batch.subarray(0, to));
    // Of one that failed nobody knows who reads it still.
    batches.giveBack(batch);
  }
}
