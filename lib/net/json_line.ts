import { linesOf } from "./lines.ts";
import { closeQuietly, writeAll } from "./splice.ts";

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

  /** @param conn which it takes over. */
  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** Resolves once either side has closed it, or is gone. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Says something; nothing where the line is closed. */
  say(what: Said): void {
    const bytes = new TextEncoder().encode(`${JSON.stringify(what)}\n`);
    this.#saying = this.#saying.then(() => writeAll(this.#conn, bytes)).catch(() => this.close());
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

  close(): void {
    closeQuietly(this.#conn);
    this.#closed.resolve();
  }
}
