import { Buffer } from "node:buffer";

/** Reads bytes from `start` up to `end` as text of one character a byte, which loses nothing. */
export function latin1(bytes: Uint8Array, start = 0, end = bytes.length): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}
