import {
  ConnectionError,
  ERROR,
  FLAG,
  FRAME,
  type FrameHeader,
  readInt31,
  StreamError,
} from "./frames.ts";

/** Lengths of payloads that are always the same. */
const LENGTHS: Partial<Record<number, number>> = {
  [FRAME.rstStream]: 4,
  [FRAME.ping]: 8,
  [FRAME.windowUpdate]: 4,
};

/** A GOAWAY without a word of why (RFC 9113 section 6.8). */
const LEAST_GO_AWAY_BYTES = 8;

/**
 * Checks that a frame of a client may be on its stream and has the length that it must have (RFC 9113
 * section 6).
 *
 * @param isBlockOpen whether the frames of a header block are not complete.
 * @throws {ConnectionError | StreamError} if not.
 */
export function checkFrame(header: FrameHeader, payload: Uint8Array, isBlockOpen: boolean): void {
  const { type, stream, flags } = header;
  if (isBlockOpen !== (type === FRAME.continuation)) {
    throw new ConnectionError(ERROR.protocol, "a header block is interrupted");
  }
  const ofConnection = type === FRAME.settings || type === FRAME.ping || type === FRAME.goAway;
  if (type < FRAME.windowUpdate && ofConnection !== (stream === 0)) {
    throw new ConnectionError(ERROR.protocol, "a frame is on a stream that it cannot be on");
  }
  if (type === FRAME.pushPromise) {
    throw new ConnectionError(ERROR.protocol, "PUSH_PROMISE from a client");
  }
  if (type === FRAME.priority) {
    if (payload.length !== 5) throw new StreamError(stream, ERROR.frameSize, "PRIORITY");
    if (readInt31(payload) === stream) {
      throw new StreamError(stream, ERROR.protocol, "a stream depends on itself");
    }
  }
  if (type === FRAME.goAway && payload.length < LEAST_GO_AWAY_BYTES) {
    throw new ConnectionError(ERROR.frameSize, "GOAWAY");
  }
  const isAck = type === FRAME.settings && (flags & FLAG.ack) !== 0;
  const length = isAck ? 0 : LENGTHS[type];
  if (length !== undefined && payload.length !== length) {
    throw new ConnectionError(ERROR.frameSize, "a frame's length is wrong");
  }
}
