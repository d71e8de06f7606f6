/**
 * Reads the text of an answer, but no more than so much of it: the rest is not taken, and what was is let go.
 *
 * @throws {RangeError} when it is longer; what it says goes behind whose answer it is.
 * @throws what ends the request.
 */
export async function boundedText(answer: Response, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let left = maxBytes;
  for await (const chunk of answer.body ?? []) {
    left -= chunk.length;
    // Leaving the loop cancels the rest.
    if (left < 0) throw new RangeError(`is longer than ${maxBytes / 1024} KiB`);
    // As text at once: a chunk of one byte may keep a buffer of 64 KiB.
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
