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

/** Writes all of `bytes`, however many calls that takes. */
export function writeAllSync(to: Pick<TextStream, "writeSync">, bytes: Uint8Array): void {
  while (bytes.length > 0) bytes = bytes.subarray(to.writeSync(bytes));
}
