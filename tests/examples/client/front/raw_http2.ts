import { Buffer } from "node:buffer";
import { HOSTNAME } from "./fronted.ts";
import {
  fieldBlock,
  FLAG,
  FRAME,
  type Frame,
  frame,
  PREFACE,
  requestFields,
  settings,
  takeFrames,
  u32,
} from "./http2_frames.ts";
import { RawVisitor } from "./raw_visitor.ts";

/** Windows of flow control that a connection begins with. */
export const DEFAULT_WINDOW = 65_535;

/** Largest window of flow control (RFC 9113 section 6.9.1). */
const LARGEST_WINDOW = 2 ** 31 - 1;

/** A visitor who says any frame. */
export class RawHttp2 {
  readonly visitor: RawVisitor;
  #next = 1;

  private constructor(visitor: RawVisitor) {
    this.visitor = visitor;
  }

  /**
   * Connects, and says what a client says first.
   *
   * @param windows how much of answers may come before it is allowed anew, of each and of all.
   */
  static async open(
    front: { port: number; pem: string },
    windows: { stream?: number; session?: number } = {},
  ): Promise<RawHttp2> {
    const http2 = new RawHttp2(await RawVisitor.open(front, "h2"));
    const { stream = LARGEST_WINDOW, session = LARGEST_WINDOW } = windows;
    http2.send(PREFACE, settings({ 4: stream }));
    // The session's is none of the settings.
    if (session > DEFAULT_WINDOW) {
      http2.send(frame(FRAME.windowUpdate, 0, 0, u32(session - DEFAULT_WINDOW)));
    }
    return http2;
  }

  send(...frames: Uint8Array[]): void {
    this.visitor.send(Buffer.concat(frames));
  }

  /** The frames of a request's head, on a stream of its own. */
  request(
    path: string,
    {
      method = "GET",
      flags = FLAG.endHeaders | FLAG.endStream as number,
      fields = [] as (readonly [string, string])[],
    } = {},
  ): { stream: number; frame: Buffer } {
    const stream = this.#next;
    this.#next += 2;
    const block = fieldBlock(requestFields(method, path, HOSTNAME, ...fields));
    return { stream, frame: frame(FRAME.headers, flags, stream, block) };
  }

  /** Sends a request that has no body, or has yet to send it; gives its stream. */
  ask(path: string, method = "GET", ...fields: (readonly [string, string])[]): number {
    const flags = method === "GET" ? FLAG.endHeaders | FLAG.endStream : FLAG.endHeaders;
    const { stream, frame } = this.request(path, { method, flags, fields });
    this.send(frame);
    return stream;
  }

  /**
   * Takes frames up to the first that is wanted.
   *
   * @throws {Error} if it cannot come any more.
   */
  async until(wanted: (frame: Frame) => boolean): Promise<Frame> {
    const { visitor } = this;
    while (true) {
      const { frames } = takeFrames(visitor.received);
      let length = 0;
      for (const one of frames) {
        length += 9 + one.payload.length;
        if (one.type === FRAME.settings && (one.flags & FLAG.ack) === 0) {
          this.send(frame(FRAME.settings, FLAG.ack, 0));
        }
        if (!wanted(one)) continue;
        visitor.received = visitor.received.subarray(length);
        return one;
      }
      visitor.received = visitor.received.subarray(length);
      await visitor.bytes(visitor.received.length + 1);
    }
  }

  /** Waits for the end of a stream, in order or by a reset; gives its error code, or undefined. */
  async ended(stream: number): Promise<number | undefined> {
    const last = await this.until((frame) =>
      frame.stream === stream &&
      (frame.type === FRAME.rstStream ||
        ((frame.type === FRAME.headers || frame.type === FRAME.data) &&
          (frame.flags & FLAG.endStream) !== 0))
    );
    return last.type === FRAME.rstStream ? last.payload.readUInt32BE() : undefined;
  }

  reset(): void {
    this.visitor.reset();
  }

  close(): void {
    this.visitor.close();
  }

  endSide(): void {
    this.visitor.endSide();
  }
}
