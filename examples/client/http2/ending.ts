import { ERROR, FRAME, frame, int32s } from "./frames.ts";
import type { Http2Stream } from "./stream.ts";

/** Most that is still taken, and thrown away, of an upload that was answered before its end, bytes. */
const REST_BYTES = 4 * 1024 * 1024;

/** What the peer is told of a stream that ends here, if anything. */
export function endingFrame(stream: Http2Stream): Uint8Array | undefined {
  const { id, localEnded, remoteEnded, missing = Infinity, receiveWindow } = stream;
  // What is missing of the answer is not to be taken for its end.
  if (!localEnded) return frame(FRAME.rstStream, 0, id, int32s(ERROR.internal));
  if (remoteEnded) return undefined;
  const more = missing - receiveWindow;
  // Some who wait until they may send the rest (httpx) see nothing else, and no answer.
  if (more > 0 && missing <= REST_BYTES) return frame(FRAME.windowUpdate, 0, id, int32s(more));
  // It is not asked for any more (RFC 9113 section 8.1).
  return frame(FRAME.rstStream, 0, id, int32s(ERROR.none));
}
