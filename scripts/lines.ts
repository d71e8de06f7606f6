import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";

/** Calls back with each line of a process's output, without its newline, until it ends. */
export async function readLines(
  stream: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
): Promise<void> {
  const input = Readable.fromWeb(stream as unknown as NodeReadableStream);
  for await (const line of createInterface({ input })) onLine(line);
}
