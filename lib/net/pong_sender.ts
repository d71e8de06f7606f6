/** Bytes of answers that may wait for the peer to take them. */
const MOST_WAITING_BYTES = 1024;

/** Opcode and length of a frame that fits a ping. */
const FRAME_BYTES = 2;

/**
 * Answers a peer's pings: each as long as the peer takes the answers, else the newest alone, which is what is
 * owed (RFC 6455 section 5.5.3). So who pings and does not read costs no memory.
 */
export class PongSender {
  readonly #send: (payload: Uint8Array) => Promise<void>;
  #waitingBytes = 0;
  /** Of the newest ping that is not answered yet. */
  #owed: Uint8Array | undefined;

  /** @param send sends a pong; resolves when the peer's side has taken it, and may reject. */
  constructor(send: (payload: Uint8Array) => Promise<void>) {
    this.#send = send;
  }

  /** Answers a ping, at once or when there is room for it. */
  answer(payload: Uint8Array): void {
    if (this.#waitingBytes >= MOST_WAITING_BYTES) {
      this.#owed = payload;
      return;
    }
    const bytes = FRAME_BYTES + payload.length;
    this.#waitingBytes += bytes;
    const taken = (): void => {
      this.#waitingBytes -= bytes;
      const owed = this.#owed;
      this.#owed = undefined;
      if (owed !== undefined) this.answer(owed);
    };
    this.#send(payload).then(taken, taken);
  }
}
