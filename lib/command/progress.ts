const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const FRAME_MS = 100;

/** Tells the steps of a command as they happen. */
export interface Progress {
  /** A step that has been taken. */
  step(text: string, fields?: Record<string, unknown>): void;
  /** What it came to; the last line. */
  end(result: string, fields?: Record<string, unknown>): void;
  /** Ends the spinner, if none has; call it in any case. */
  close(): void;
}

/** Options for {@linkcode createProgress}. */
export interface ProgressOptions {
  /** One JSON object a line. */
  json: boolean;
  /** Erases the terminal's line, for a spinner below the last step; absent where there is none. */
  eraseLine?: () => void;
  write: (text: string) => void;
}

/** Makes a {@linkcode Progress}: a spinner on a terminal, plain lines or JSON elsewhere. */
export function createProgress({ json, eraseLine, write }: ProgressOptions): Progress {
  let frame = 0;
  const turn = (): void => {
    eraseLine?.();
    write(`${FRAMES[frame++ % FRAMES.length]} `);
  };
  const timer = eraseLine && setInterval(turn, FRAME_MS);

  function line(mark: string, key: string, text: string, fields: Record<string, unknown>): void {
    const plain = Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [
        name,
        value instanceof Error ? value.message : value,
      ]),
    );
    if (json) return write(JSON.stringify({ [key]: text, ...plain }) + "\n");
    const shown = Object.entries(plain)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}: ${value}`)
      .join(", ");
    eraseLine?.();
    write(`${mark} ${text}${shown && ` (${shown})`}\n`);
  }

  return {
    step: (text, fields = {}) => line("-", "step", text, fields),
    end(result, fields = {}): void {
      clearInterval(timer);
      line("=", "result", result, fields);
    },
    close(): void {
      clearInterval(timer);
      eraseLine?.();
    },
  };
}
