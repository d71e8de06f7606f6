import type { Duplex as Stream } from "node:stream";
import type { Duplex } from "../../../lib/net/splice.ts";

/**
 * A stream of Node's as a connection: reads are asked for, writes wait until they were taken.
 *
 * Whoever makes one owns the stream; `close` destroys it.
 */
export class NodeDuplex implements Duplex {
  readonly #stream: Stream;
  /** What the stream gave and nobody has read yet. */
  #kept: Uint8Array = new Uint8Array();
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
    stream.on("readable", wake);
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
      const chunk: Uint8Array | null = this.#error === undefined ? this.#stream.read() : null;
      if (chunk !== null) {
        this.#kept = chunk;
      } else if (this.#ended) {
        return null;
      } else if (this.#error !== undefined) {
        throw this.#error;
      } else {
        await new Promise<void>((resolve) => this.#waiting.add(resolve));
      }
    }
    const taken = this.#kept.subarray(0, p.length);
    p.set(taken);
    this.#kept = this.#kept.subarray(taken.length);
    return taken.length;
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
