import { Buffer } from "node:buffer";
import type { Duplex } from "../../../../lib/net/splice.ts";

/** The other end of a connection, which says what it is told to and keeps what it gets. */
export interface Peer extends Duplex {
  /** What was sent to it, one character a byte. */
  sent: string;
  /** Reads that were asked of it. */
  reads: number;
}

/** A peer that says `text`, one byte a character, in pieces of at most `step`, and then ends. */
export function peer(text: string, step = Infinity): Peer {
  const bytes = Buffer.from(text, "latin1");
  let at = 0;
  return {
    sent: "",
    reads: 0,
    read(p) {
      this.reads++;
      if (at >= bytes.length) return Promise.resolve(null);
      const n = Math.min(step, p.length, bytes.length - at);
      p.set(bytes.subarray(at, at += n));
      return Promise.resolve(n);
    },
    write(p) {
      this.sent += Buffer.from(p).toString("latin1");
      return Promise.resolve(p.length);
    },
    closeWrite: () => Promise.resolve(),
    close() {},
  };
}

/** Bytes as characters. */
export function latin1(bytes: Uint8Array | null | undefined): string {
  return Buffer.from(bytes ?? []).toString("latin1");
}
