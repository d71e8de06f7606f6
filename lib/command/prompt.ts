import { EXIT, type Input } from "./command.ts";

/** Keys of a terminal whose mode is raw. */
const KEY = {
  interrupt: "\x03",
  end: "\x04",
  enter: "\r",
  newline: "\n",
  delete: "\x7f",
  back: "\b",
};

/** Asks a person, line by line. */
export interface Prompt {
  /** The next line without its end; undefined when nothing more comes. */
  line(text: string): Promise<string | undefined>;
  /** The same, where a terminal shows nothing of what is written. */
  hidden(text: string): Promise<string | undefined>;
}

/** Makes a {@linkcode Prompt} of standard input, which may be a terminal, or lines that come from elsewhere. */
export function createPrompt(input: Input, print: (text: string) => void): Prompt {
  /** What came behind the lines that were handed out. */
  let rest = "";

  async function line(text: string): Promise<string | undefined> {
    print(text);
    for (;;) {
      const end = rest.indexOf("\n");
      if (end !== -1) {
        const found = rest.slice(0, end).replace(/\r$/, "");
        rest = rest.slice(end + 1);
        return found;
      }
      const more = await input.read();
      if (more === undefined) {
        print("\n");
        const last = rest;
        rest = "";
        return last === "" ? undefined : last;
      }
      rest += more;
    }
  }

  async function hidden(text: string): Promise<string | undefined> {
    if (!input.isTerminal) return await line(text);
    // Before it is asked for: what is written at once would be seen.
    input.setRaw(true);
    try {
      print(text);
      let written = "";
      for (;;) {
        const keys = rest || await input.read();
        rest = "";
        if (keys === undefined) return undefined;
        for (let i = 0; i < keys.length; i++) {
          const key = keys[i]!;
          if (key === KEY.interrupt) throw new Error("Interrupted", { cause: EXIT.failed });
          if (key === KEY.end && written === "") return undefined;
          if (key === KEY.enter || key === KEY.newline) {
            rest = keys.slice(i + 1);
            return written;
          }
          if (key === KEY.delete || key === KEY.back) written = written.slice(0, -1);
          else written += key;
        }
      }
    } finally {
      input.setRaw(false);
      print("\n");
    }
  }

  return { line, hidden };
}
