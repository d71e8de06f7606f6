/** Bytes read at once: each piece costs a turn of the event loop, a quarter of it costs twice the CPU. */
export const PIECE_BYTES = 256 * 1024;

/**
 * A body piece by piece, each in the memory of the one before if the body is a stream of bytes:
 * memory for each would have to be collected, and that costs as much as to send it.
 */
export class Pieces {
  readonly #reader: ReadableStreamBYOBReader | ReadableStreamDefaultReader<Uint8Array>;
  #memory: ArrayBuffer | undefined;

  /** @param length of the body, bytes, if that is known. */
  constructor(body: ReadableStream<Uint8Array>, length = Infinity) {
    try {
      this.#reader = body.getReader({ mode: "byob" });
      this.#memory = new ArrayBuffer(Math.max(1, Math.min(length, PIECE_BYTES)));
    } catch {
      // No stream of bytes: it has memory of its own.
      this.#reader = body.getReader();
    }
  }

  /** The next piece, good until the one after is asked for; undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    if (this.#memory === undefined) {
      return (await (this.#reader as ReadableStreamDefaultReader<Uint8Array>).read()).value;
    }
    const reader = this.#reader as ReadableStreamBYOBReader;
    const { value, done } = await reader.read(new Uint8Array(this.#memory));
    if (done || value === undefined) return undefined;
    this.#memory = value.buffer;
    return value;
  }

  /** Reads no more; does nothing to a body that was read to its end. */
  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }
}
