const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const FRAME_MS = 100;

/** Erases the line and goes to its begin (ECMA-48). */
const CLEAR_LINE = "\r\x1b[2K";

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
  /** Whether to turn a spinner below the last step. */
  terminal: boolean;
  write: (text: string) => void;
}

/** Makes a {@linkcode Progress}: a spinner on a terminal, plain lines or JSON elsewhere. */
export function createProgress({ json, terminal, write }: ProgressOptions): Progress {
  let frame = 0;
  const timer = terminal
    ? setInterval(() => write(`${CLEAR_LINE}${FRAMES[frame++ % FRAMES.length]} `), FRAME_MS)
    : undefined;

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
    write(`${terminal ? CLEAR_LINE : ""}${mark} ${text}${shown && ` (${shown})`}\n`);
  }

  return {
    step: (text, fields = {}) => line("-", "step", text, fields),
    end(result, fields = {}): void {
      clearInterval(timer);
      line("=", "result", result, fields);
    },
    close(): void {
      clearInterval(timer);
      if (terminal) write(CLEAR_LINE);
    },
  };
}
