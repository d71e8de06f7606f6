import type { Duplex as Stream } from "node:stream";
import type { Duplex } from "../../../lib/net/splice.ts";

/**
 * A TLS socket of Node's as a connection: reads are asked for, writes wait until they were taken.
 *
 * What comes is kept here until it is read: the runtime (Deno 2.9) takes in all that comes also where
 * it is told to wait, and then forgets the end of it.
 *
 * Whoever makes one owns the stream; `close` destroys it.
 */
export class NodeDuplex implements Duplex {
  readonly #stream: Stream;
  /** What the stream gave and nobody has read yet, in its order. */
  readonly #kept: Uint8Array[] = [];
  #ended = false;
  #error: Error | undefined;
  /** Reads that wait: who throws a rest away may read beside one that is given up. */
  readonly #waiting = new Set<() => void>();

  constructor(stream: Stream) {
    this.#stream = stream;
    const wake = (): void => {
      for (const go of this.#waiting) go();
      this.#waiting.clear();
    };
    stream.on("data", (chunk: Uint8Array) => {
      // A few bytes may be a view on a buffer that is much larger.
      const isPart = chunk.length * 2 < chunk.buffer.byteLength;
      this.#kept.push(isPart ? new Uint8Array(chunk) : chunk);
      wake();
    });
    stream.once("end", () => {
      this.#ended = true;
      wake();
    });
    stream.on("error", (error) => {
      this.#error ??= error;
      wake();
    });
    stream.once("close", () => {
      this.#error ??= new Deno.errors.ConnectionReset("the connection was closed");
      wake();
    });
  }

  async read(p: Uint8Array): Promise<number | null> {
    while (this.#kept.length === 0) {
      if (this.#ended) return null;
      if (this.#error !== undefined) throw this.#error;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
    let length = 0;
    for (let chunk; length < p.length && (chunk = this.#kept[0]) !== undefined;) {
      const taken = chunk.subarray(0, p.length - length);
      p.set(taken, length);
      length += taken.length;
      if (taken.length === chunk.length) this.#kept.shift();
      else this.#kept[0] = chunk.subarray(taken.length);
    }
    return length;
  }

  async write(p: Uint8Array): Promise<number> {
    await this.#done((settle) => this.#stream.write(p, settle));
    return p.length;
  }

  async closeWrite(): Promise<void> {
    if (this.#stream.writableEnded) return;
    await this.#done((settle) => this.#stream.end(settle));
  }

  close(): void {
    this.#stream.destroy();
  }

  /** Runs an operation of the stream; rejects when the stream closes without having done it. */
  #done(run: (settle: (error?: Error | null) => void) => void): Promise<void> {
    const stream = this.#stream;
    return new Promise((resolve, reject) => {
      if (stream.destroyed) {
        return reject(this.#error ?? new Deno.errors.ConnectionReset("the connection is closed"));
      }
      function settle(error?: Error | null): void {
        stream.off("close", onClose);
        if (error) reject(error);
        else resolve();
      }
      const onClose = (): void =>
        settle(this.#error ?? new Deno.errors.ConnectionReset("the connection was closed"));
      stream.once("close", onClose);
      run(settle);
    });
  }
}
