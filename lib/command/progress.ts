const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const FRAME_MS = 100;

/** How often a wait is told where there is no spinner. */
const PLAIN_MS = 10_000;

/** What is waited for behind each step of an order. */
const NEXT: Readonly<Record<string, string>> = {
  "waiting for another order": "the end of another order",
  "ACME account registered": "the ACME server to place the order",
  "order placed": "the DNS server to take the challenge",
  "order found again": "the DNS server to take the challenge",
  "challenge written": "the name servers to show the challenge",
  "waiting for the name servers": "the name servers to show the challenge",
  "challenge visible": "the ACME server to look at the challenge",
  "names proven": "the ACME server to sign",
  "certificate requested": "the ACME server to sign",
  "certificate signed": "the certificate to be checked and stored",
  "certificate stored": "the relay to serve it",
  "waiting until the relay serves it": "the relay to serve it",
};

/** Tells the steps of a command as they happen. */
export interface Progress {
  /** A step that has been taken. */
  step(text: string, fields?: Record<string, unknown>): void;
  /** What is waited for since the last step, and for how long, in words. */
  waiting(): string;
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
  let waitsFor = "the first answer";
  let since = performance.now();
  const waiting = (): string =>
    `waiting for ${waitsFor}, ${Math.floor((performance.now() - since) / 1000)} s`;
  const timer = eraseLine === undefined
    ? json ? undefined : setInterval(() => write(`. ${waiting()}\n`), PLAIN_MS)
    : setInterval(() => {
      eraseLine();
      write(`${FRAMES[frame++ % FRAMES.length]} ${waiting()} `);
    }, FRAME_MS);

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
    waiting,
    step(text, fields = {}): void {
      line("-", "step", text, fields);
      if (NEXT[text] === undefined) return;
      waitsFor = NEXT[text];
      since = performance.now();
    },
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
