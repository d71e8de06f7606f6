import { paint, takesColours, type Tones } from "./paint.ts";
import { escapeLines } from "./wire/unseen.ts";

/** Where texts go, as `Deno.stdout`. */
export interface TextStream {
  writeSync(p: Uint8Array): number;
  isTerminal(): boolean;
}

/**
 * What a command says. Texts hold what others said, ACME and DNS servers above all: no byte of it reaches
 * a terminal raw.
 *
 * Its methods never throw: what is said tells of work, and must not fail it. They return whether it was
 * written; where it was not, nobody reads any more (`| head`), or {@linkcode TextOutput.unwritten} tells why.
 */
export class TextOutput {
  readonly #stream: TextStream;
  #unwritten: string | undefined;

  constructor(stream: TextStream) {
    this.#stream = stream;
  }

  /** Why not all was written that somebody may want to read, as on a full disk; undefined where all was. */
  get unwritten(): string | undefined {
    return this.#unwritten;
  }

  /** Writes a text, on a terminal in these tones. */
  write(text: string, tones: Tones = []): boolean {
    const harmless = escapeLines(text);
    return this.writeRaw(takesColours(this.#stream) ? paint(harmless, tones) : harmless);
  }

  /** Writes what acts on a terminal: nothing that others said. */
  writeRaw(text: string): boolean {
    try {
      writeAllSync(this.#stream, new TextEncoder().encode(text));
      return true;
    } catch (error) {
      // A reader who has gone wants no more.
      if (!(error instanceof Deno.errors.BrokenPipe)) this.#unwritten = (error as Error).message;
      return false;
    }
  }
}

/** What a pipe takes as a whole or not at all, bytes (PIPE_BUF of pipe(7)): the runtime does not tell how much it took. */
const ATOMIC_BYTES = 4_096;

/** How long it is waited before a slow reader is tried again, and for how long in all, milliseconds. */
const BUSY_MS = { once: 20, inAll: 10_000 } as const;

/**
 * Writes all of `bytes`, however many calls that takes.
 *
 * @throws {Error} what `writeSync` throws; that its reader is slow only after ten seconds: whoever has the same pipe or
 * terminal open can make it one that does not wait.
 */
export function writeAllSync(to: Pick<TextStream, "writeSync">, bytes: Uint8Array): void {
  const never = new Int32Array(new SharedArrayBuffer(4));
  for (let busyMs = 0; bytes.length > 0;) {
    try {
      bytes = bytes.subarray(to.writeSync(bytes.subarray(0, ATOMIC_BYTES)));
      busyMs = 0;
    } catch (error) {
      const isBusy = error instanceof Deno.errors.WouldBlock && busyMs < BUSY_MS.inAll;
      if (!isBusy) throw error;
      Atomics.wait(never, 0, 0, BUSY_MS.once);
      busyMs += BUSY_MS.once;
    }
  }
}
