import { LineLog } from "../../scripts/line_log.ts";

/**
 * How long the relay may take to log a line: longer than it takes to lose a client whose last word came half a minute after
 * all else was lost.
 */
const LINE_TIMEOUT_MS = 120_000;

/** A line of the relay's log by its fields. */
export type LogLine = Record<string, unknown>;

/** The log that a relay writes in JSON. */
export class RelayLog extends LineLog<LogLine> {
  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    super([stream], parseLine);
  }

  /** Resolves with the first line, past or to come, that has this message and these fields. */
  logged(message: string, fields: LogLine = {}): Promise<LogLine> {
    return this.first(
      (line) =>
        line.message === message && Object.entries(fields).every(([k, v]) => line[k] === v) && line,
      `the log line ${JSON.stringify(message)}`,
      LINE_TIMEOUT_MS,
    );
  }

  /** Resolves with the port of each listener by its name once the relay is ready. */
  async ports(): Promise<Record<string, number>> {
    const ready = await this.logged("ready");
    const names = ["hub", "data", "control", "pages", "admin", "http"];
    return Object.fromEntries(
      names.filter((name) => name in ready)
        .map((name) => [name, Number(String(ready[name]).split(":").at(-1))]),
    );
  }
}

function parseLine(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    // Not of the log: what Deno itself says, or a fatal message.
    return { message: line };
  }
}
