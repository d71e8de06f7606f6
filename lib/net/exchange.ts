/** `forward` is from the first connection to the second. */
export type Direction = "forward" | "backward";

/** What a splice moved, and why it ended when it was not by two ends of stream. */
export interface SpliceResult {
  /** Bytes from the first connection to the second. */
  forward: number;
  /** Bytes from the second connection to the first. */
  backward: number;
  /** When the last of them came, milliseconds of `performance.now()`; absent before the first. */
  lastAt?: number;
  /** The first failure of either direction, absent after an orderly end. */
  error?: Error;
}

/**
 * Most bytes that ask nothing: HTTP/2's SETTINGS, PING and WINDOW_UPDATE, and a WebSocket's pong, are up to 48
 * in a TLS record; requests are longer.
 */
const LONGEST_ASIDE = 64;

/**
 * Most bytes that a server says by itself behind a handshake: session tickets (RFC 9846 section 4.6.1), HTTP/2's
 * SETTINGS. Less is no answer yet: the first one may take its time.
 */
const LONGEST_GREETING = 1024;

/** Whether one who asks, whose bytes go forward, has been answered; nothing is known of what bytes mean. */
export class Exchange {
  /** Bytes forward since the last ones backward; what came before the splice asked. */
  #asked = LONGEST_ASIDE + 1;
  /** Bytes backward that are a greeting still; undefined before the handshake is answered. */
  #greeting: number | undefined;
  /** Whether bytes backward are being written. */
  #answering = false;

  /** Whether no answer is awaited, or on its way. */
  get isOver(): boolean {
    return this.#asked <= LONGEST_ASIDE && !this.#answering;
  }

  /** To be called with bytes that were read. */
  came(direction: Direction, bytes: number): void {
    if (direction === "forward") {
      this.#asked += bytes;
      this.#greeting ??= LONGEST_GREETING;
    } else {
      this.#answering = true;
      if (this.#greeting !== undefined) this.#greeting -= bytes;
      if (this.#greeting === undefined || this.#greeting < 0) this.#asked = 0;
    }
  }

  /** To be called once they are written. */
  passed(direction: Direction): void {
    if (direction === "backward") this.#answering = false;
  }
}
