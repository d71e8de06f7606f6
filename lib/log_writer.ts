/** Most bytes of lines that wait for their reader: a burst of every visitor's fits. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** How long the end of the program waits for a reader. */
const FLUSH_MS = 1_000;

/** How long a line waits where a write that ought to wait does not, milliseconds. */
const BUSY_MS = 50;

/** Where lines go, as `Deno.stderr`. */
export interface LineSink {
  write(p: Uint8Array): Promise<number>;
}

/**
 * Writes lines of a log, one after another, without ever waiting for whoever reads them.
 *
 * A terminal that is held, a pipe to a program that stands still or a journal that hangs takes no
 * more bytes, and a write to it that is waited for would stop everything else. So lines wait here; what is
 * too much for that is dropped.
 */
export class LogWriter {
  readonly #sink: LineSink;
  readonly #maxWaitingBytes: number;
  readonly #encoder = new TextEncoder();
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;

  constructor(sink: LineSink, { maxWaitingBytes = MAX_WAITING_BYTES } = {}) {
    this.#sink = sink;
    this.#maxWaitingBytes = maxWaitingBytes;
  }

  /** Takes a line without its newline; false where it is dropped. Never throws. */
  write(line: string): boolean {
    const bytes = this.#encoder.encode(`${line}\n`);
    if (this.#waitingBytes + bytes.length > this.#maxWaitingBytes) return false;
    this.#waitingBytes += bytes.length;
    this.#waiting.push(bytes);
    this.#writing ??= this.#writeAll();
    return true;
  }

  /** Resolves once every line taken is written, or a second has passed. Never rejects. */
  async flush(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, FLUSH_MS);
    await Promise.race([this.#writing, late]);
    clearTimeout(timer);
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting;
      this.#waiting = [];
      for (const line of lines) {
        await this.#writeLine(line);
        this.#waitingBytes -= line.length;
      }
    }
    // In the same step as the last look: a line that comes from here on finds nobody writing.
    this.#writing = undefined;
  }

  /** Drops the line where its reader has gone or the disk is full. */
  async #writeLine(line: Uint8Array): Promise<void> {
    for (let rest = line; rest.length > 0;) {
      try {
        rest = rest.subarray(await this.#sink.write(rest));
      } catch (error) {
        // There is nowhere to say so.
        if (!(error instanceof Deno.errors.WouldBlock)) return;
        // The reader is slow: whoever has the same pipe or terminal open can make it one that does not wait.
        await new Promise((resolve) => setTimeout(resolve, BUSY_MS));
      }
    }
  }
}
