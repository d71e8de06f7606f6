import type { Duplex } from "../../lib/net/splice.ts";

/** One direction of a pipe in memory. */
class Channel {
  readonly #chunks: Uint8Array[] = [];
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  push(bytes: Uint8Array): void {
    this.#chunks.push(bytes.slice());
    this.#wake?.();
  }

  end(error?: Error): void {
    this.#ended = true;
    this.#error ??= error;
    this.#wake?.();
  }

  async read(p: Uint8Array): Promise<number | null> {
    while (true) {
      if (this.#error) throw this.#error;
      const chunk = this.#chunks[0];
      if (chunk !== undefined) {
        const n = Math.min(p.length, chunk.length);
        p.set(chunk.subarray(0, n));
        if (n === chunk.length) this.#chunks.shift();
        else this.#chunks[0] = chunk.subarray(n);
        return n;
      }
      if (this.#ended) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }
}

/** An end of a pipe in memory. */
export interface PipeEnd extends Duplex {
  /** How often `close` was called. */
  readonly closes: number;
  /** Makes every later read and write of the other end fail, as a reset does. */
  reset(): void;
}

/** Two connected ends; `maxWrite` bounds what one write takes. */
export function pipe(maxWrite = Infinity): [PipeEnd, PipeEnd] {
  const there = new Channel();
  const back = new Channel();
  return [end(back, there, maxWrite), end(there, back, maxWrite)];
}

function end(incoming: Channel, outgoing: Channel, maxWrite: number): PipeEnd {
  let closes = 0;
  let failed: Error | undefined;
  return {
    get closes() {
      return closes;
    },
    read: (p) => incoming.read(p),
    write(p) {
      if (closes > 0 || failed) return Promise.reject(failed ?? new Error("closed"));
      const part = p.subarray(0, Math.min(p.length, maxWrite));
      outgoing.push(part);
      return Promise.resolve(part.length);
    },
    closeWrite() {
      outgoing.end();
      return Promise.resolve();
    },
    close() {
      closes++;
      outgoing.end();
      incoming.end(new Deno.errors.BadResource("closed"));
    },
    reset() {
      outgoing.end(new Deno.errors.ConnectionReset("reset"));
    },
  };
}

/** Reads until the end of stream. */
export async function readAll(conn: Pick<Duplex, "read">): Promise<Uint8Array> {
  const parts: number[] = [];
  const p = new Uint8Array(1024);
  for (let n = await conn.read(p); n !== null; n = await conn.read(p)) {
    parts.push(...p.subarray(0, n));
  }
  return Uint8Array.from(parts);
}

/** UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Text of UTF-8 bytes. */
export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
