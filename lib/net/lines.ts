/**
 * The lines of a text that comes in parts, without their ends. What follows the last end is none, and is what this
 * returns.
 */
export async function* linesOf(parts: AsyncIterable<Uint8Array>): AsyncGenerator<string, string> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const part of parts) {
    const lines = (rest + decoder.decode(part, { stream: true })).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  return rest + decoder.decode();
}
