import { linesOf } from "../lib/net/lines.ts";

/** How long a line may take to come, milliseconds, where nothing else is said. */
const WITHIN_MS = 30_000;

/** The lines that a process writes, all of them kept. */
export class LineLog<Line = string> {
  /** Every line so far. */
  readonly lines: Line[] = [];
  /** Resolves when all streams have ended. */
  readonly ended: Promise<void>;
  readonly #looks = new Set<(line: Line) => void>();

  /**
   * @param streams what is read, to their end.
   * @param parse called with each line as it comes; what it returns is kept.
   */
  constructor(
    streams: readonly ReadableStream<Uint8Array<ArrayBuffer>>[],
    parse: (line: string) => Line,
  ) {
    const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> => {
      for await (const text of allLines(stream)) {
        const line = parse(text);
        this.lines.push(line);
        for (const look of this.#looks) look(line);
      }
    };
    this.ended = Promise.all(streams.map(read)).then(() => {});
  }

  /** The last lines, for a message. */
  get last(): string {
    const text = (line: Line) => typeof line === "string" ? line : JSON.stringify(line);
    return this.lines.slice(-5).map(text).join("\n");
  }

  /**
   * Resolves with what `find` makes of the first line, past or to come, that it makes anything of.
   *
   * `find` is called once for each line, in order, until then.
   *
   * @param what is looked for, for the error.
   * @param withinMs how long it may take, milliseconds. @default {30_000}
   * @throws {Error} with the last lines, when the process ends before, or it takes too long.
   */
  async first<Found>(
    find: (line: Line) => Found | false | null | undefined,
    what: string,
    withinMs = WITHIN_MS,
  ): Promise<Found> {
    for (const line of this.lines) {
      const found = find(line);
      if (found) return found;
    }
    const { promise, resolve, reject } = Promise.withResolvers<Found>();
    const look = (line: Line): void => {
      const found = find(line);
      if (!found) return;
      this.#looks.delete(look);
      resolve(found);
    };
    const fail = (why: string): void =>
      reject(new Error(`Cannot find ${what}: ${why}; the last lines:\n${this.last}`));
    this.#looks.add(look);
    const timer = setTimeout(() => fail(`not within ${withinMs} ms`), withinMs);
    this.ended.then(() => fail("the process ended"));
    return await promise.finally(() => {
      clearTimeout(timer);
      this.#looks.delete(look);
    });
  }
}

/** A program that is killed may not have ended its last line. */
async function* allLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const rest = yield* linesOf(stream);
  if (rest !== "") yield rest;
}
