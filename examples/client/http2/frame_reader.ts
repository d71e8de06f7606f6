import type { Duplex } from "../../../lib/net/splice.ts";
import { Turnstile } from "../../../lib/net/turnstile.ts";
import { ByteReader } from "../http/byte_reader.ts";
import { RequestPace } from "../http/request_pace.ts";
import {
  ConnectionError,
  DEFAULT_FRAME_BYTES,
  ERROR,
  FRAME,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  PREFACE,
  readFrameHeader,
} from "./frames.ts";

/** A payload below this is small: what its frame costs is then no matter of bytes. */
const SMALL_BYTES = 1_024;

/** Small frames of a connection that are taken one behind the other, which is well below a millisecond. */
const SMALL_IN_A_ROW = 128;

/**
 * Who has sent more of them waits for their turn, all visitors' connections together: others are served between
 * them, however many there are.
 */
const turns = new Turnstile();

/** A frame; its payload is good until the next one is asked for. */
export interface ReadFrame {
  header: FrameHeader;
  payload: Uint8Array;
}

/**
 * The frames of a client behind its preface (RFC 9113 sections 3.4 and 4.1), up to the end of its side.
 *
 * @throws {ConnectionError} if the preface is wrong, or a frame too large.
 */
export async function* readFrames(conn: Pick<Duplex, "read">): AsyncGenerator<ReadFrame> {
  const reader = new ByteReader(conn);
  const preface = await reader.exactly(PREFACE.length);
  if (preface === null) return;
  if (PREFACE.some((byte, i) => byte !== preface[i])) {
    throw new ConnectionError(ERROR.protocol, "the preface is wrong");
  }
  const pace = new RequestPace();
  let small = 0;
  for (let first = true;; first = false) {
    const bytes = await reader.exactly(FRAME_HEADER_BYTES);
    if (bytes === null) return;
    const header = readFrameHeader(bytes);
    if (header.length > DEFAULT_FRAME_BYTES) {
      throw new ConnectionError(ERROR.frameSize, "a frame is too large");
    }
    if (first && header.type !== FRAME.settings) {
      throw new ConnectionError(ERROR.protocol, "the first frame is not SETTINGS");
    }
    const payload = await reader.exactly(header.length);
    if (payload === null) return;
    yield { header, payload };
    if (header.type === FRAME.headers) await pace.next();
    if (header.length < SMALL_BYTES && ++small % SMALL_IN_A_ROW === 0) await turns.pass();
  }
}
