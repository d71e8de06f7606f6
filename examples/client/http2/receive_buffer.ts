/** First size of a buffer, bytes. */
const FIRST_BYTES = 4 * 1024;

/**
 * Bytes that came and were not read yet, in one buffer of their own: however small the pieces are that
 * they come in, they cost no more than themselves.
 */
export class ReceiveBuffer {
  #bytes = new Uint8Array();
  #start = 0;
  #end = 0;

  /** How many wait. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Adds a copy of these; how much there may be is the caller's to bound. */
  add(piece: Uint8Array): void {
    if (this.#end + piece.length > this.#bytes.length) this.#makeRoom(piece.length);
    this.#bytes.set(piece, this.#end);
    this.#end += piece.length;
  }

  /** Takes as many as fit into `into`; returns how many. */
  take(into: Uint8Array): number {
    const taken = this.#bytes.subarray(this.#start, Math.min(this.#end, this.#start + into.length));
    into.set(taken);
    this.#start += taken.length;
    if (this.#start === this.#end) this.#start = this.#end = 0;
    return taken.length;
  }

  /** Lets go of all. */
  clear(): void {
    this.#bytes = new Uint8Array();
    this.#start = this.#end = 0;
  }

  #makeRoom(more: number): void {
    const waiting = this.#bytes.subarray(this.#start, this.#end);
    const wanted = waiting.length + more;
    if (wanted > this.#bytes.length / 2) {
      const next = new Uint8Array(Math.max(FIRST_BYTES, wanted * 2));
      next.set(waiting);
      this.#bytes = next;
    } else {
      this.#bytes.copyWithin(0, this.#start, this.#end);
    }
    this.#start = 0;
    this.#end = waiting.length;
  }
}
