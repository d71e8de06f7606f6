import { Buffer } from "node:buffer";
import { ConnectionError, ERROR, FLAG, type FrameHeader, readInt31, unpadded } from "./frames.ts";
import { type HeaderList, HpackDecoder } from "./hpack_decoder.ts";

/** Frames that one block may come in: what needs more is an attack (CVE-2024-27316 and its like). */
const MAX_FRAMES = 64;

/** Bytes of the priority that may stand before a block (RFC 9113 section 6.2). */
const PRIORITY_BYTES = 5;

/** A header block that has all come. */
export interface WholeBlock {
  stream: number;
  endStream: boolean;
  dependsOnItself: boolean;
  list: HeaderList;
}

/** Puts header blocks together out of HEADERS and CONTINUATION frames (section 4.3). */
export class HeaderBlocks {
  readonly #decoder: HpackDecoder;
  readonly #maxBytes: number;
  #open:
    | { header: FrameHeader; dependsOnItself: boolean; parts: Uint8Array[]; bytes: number }
    | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#decoder = new HpackDecoder(maxBytes);
  }

  /** Whether nothing but more of a block may come. */
  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /**
   * Takes a frame; returns the block once it is whole.
   *
   * @throws {ConnectionError} if it is no part of one, or too much.
   */
  add(header: FrameHeader, payload: Uint8Array): WholeBlock | undefined {
    const open = this.#open ??= { header, dependsOnItself: false, parts: [], bytes: 0 };
    let part = payload;
    if (open.header === header) {
      part = unpadded(payload, header.flags);
      if (header.flags & FLAG.priority) {
        if (part.length < PRIORITY_BYTES) throw new ConnectionError(ERROR.frameSize, "HEADERS");
        open.dependsOnItself = readInt31(part) === header.stream;
        part = part.subarray(PRIORITY_BYTES);
      }
    } else if (open.header.stream !== header.stream) {
      throw new ConnectionError(ERROR.protocol, "a header block goes on on another stream");
    }
    open.bytes += part.length;
    if (open.bytes > this.#maxBytes * 2 || open.parts.length === MAX_FRAMES) {
      throw new ConnectionError(ERROR.enhanceYourCalm, "a header block is too large");
    }
    const isWhole = (header.flags & FLAG.endHeaders) !== 0;
    // The frame's bytes are good for this turn only.
    open.parts.push(isWhole ? part : part.slice());
    if (!isWhole) return undefined;
    this.#open = undefined;
    const block = open.parts.length === 1 ? open.parts[0]! : Buffer.concat(open.parts);
    return {
      stream: header.stream,
      endStream: (open.header.flags & FLAG.endStream) !== 0,
      dependsOnItself: open.dependsOnItself,
      list: this.#decoder.decode(block),
    };
  }
}
