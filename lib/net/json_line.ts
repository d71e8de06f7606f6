import { linesOf } from "./lines.ts";
import { closeQuietly, writeAll } from "./splice.ts";

/**
 * What may wait to be written, bytes, beside the longest word, which may have the names of all who are online. A process
 * that is stopped takes nothing for hours.
 */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

/**
 * A connection between two processes of the relay that say JSON values to each other, a line each, until one closes
 * it or ends. Both trust each other.
 *
 * @typeParam Said what this side says.
 * @typeParam Heard what the other one does.
 */
export class JsonLine<Said, Heard> {
  readonly #conn: Deno.Conn;
  readonly #closed = Promise.withResolvers<void>();
  #saying: Promise<void> = Promise.resolve();
  /** Bytes of the words that are not written yet. */
  #waiting = 0;
  #longest = 0;
  #isClosed = false;

  /** @param conn which it takes over. */
  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** Resolves once either side has closed it, or is gone. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Says something; nothing where the line is closed, as it is where the other side has long taken nothing. */
  say(what: Said): void {
    if (this.#isClosed) return;
    const bytes = new TextEncoder().encode(`${JSON.stringify(what)}\n`);
    this.#waiting += bytes.length;
    this.#longest = Math.max(this.#longest, bytes.length);
    if (this.#waiting - this.#longest > MAX_WAITING_BYTES) return this.close();
    this.#saying = this.#saying.then(() => this.#write(bytes));
  }

  /** Hears what is said from now on, until the line is closed: to be called once. Rejects as `onHeard` throws. */
  async hear(onHeard: (what: Heard) => void): Promise<void> {
    try {
      for await (const line of this.#lines()) onHeard(JSON.parse(line));
    } finally {
      this.close();
    }
  }

  async *#lines(): AsyncGenerator<string> {
    try {
      yield* linesOf(this.#conn.readable);
    } catch {
      // The other side is gone.
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    // Thousands of writes that fail would take seconds, for their stack traces.
    if (this.#isClosed) return;
    try {
      await writeAll(this.#conn, bytes);
      this.#waiting -= bytes.length;
    } catch {
      this.close();
    }
  }

  close(): void {
    this.#isClosed = true;
    closeQuietly(this.#conn);
    this.#closed.resolve();
  }
}
