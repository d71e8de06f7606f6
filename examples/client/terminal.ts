/** Lines that a person types. */
export interface Lines {
  /** The next line without its newline, null at the end; callers waiting at once share it. */
  next(): Promise<string | null>;
}

/** Lines of the standard input when that is a terminal; undefined when nobody is there to type. */
export function terminalLines(): Lines | undefined {
  return Deno.stdin.isTerminal() ? readLines(Deno.stdin) : undefined;
}

/** Reads lines from anything that can be read. */
export function readLines(source: { read(p: Uint8Array): Promise<number | null> }): Lines {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(1024);
  let text = "";
  let ended = false;
  let waiting: Promise<string | null> | undefined;

  async function next(): Promise<string | null> {
    while (true) {
      const end = text.indexOf("\n");
      if (end !== -1) {
        const line = text.slice(0, end).replace(/\r$/, "");
        text = text.slice(end + 1);
        return line;
      }
      if (ended) return null;
      const n = await source.read(buffer);
      if (n === null) ended = true;
      else text += decoder.decode(buffer.subarray(0, n), { stream: true });
    }
  }

  return {
    next: () => waiting ??= next().finally(() => waiting = undefined),
  };
}
