import { escapeUnseen } from "./wire/unseen.ts";

/** Severity of a log line, lowest first. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

/** Severity of a log line. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Priorities of syslog(3). */
const PRIORITIES: Record<LogLevel, number> = { debug: 7, info: 6, warn: 4, error: 3 };

/** Where lines are missing. */
const DROPPED = "log lines were dropped, since nobody read them for a while";

/** Data of a log line: short names to plain values. Never a secret, at `info` never an address. */
export type LogFields = Record<string, unknown>;

/** Writes lines of a constant message plus fields, so that they can be searched for. */
export interface Log {
  /** A visitor's fault, and whatever else is of no interest unless something is looked for. */
  debug(message: string, fields?: LogFields): void;
  /** A client's life, and the relay's own. */
  info(message: string, fields?: LogFields): void;
  /** Something that the operator should look at. */
  warn(message: string, fields?: LogFields): void;
  /** A fault of the program, or what keeps it from working. */
  error(message: string, fields?: LogFields): void;
  /** Whether debug lines are written: lets a hot path skip building their fields. */
  readonly debugEnabled: boolean;
}

/** A log whose lowest level can be changed while it is in use. */
export interface LeveledLog extends Log {
  /** Sets the lowest level written, from the next line on. */
  setLevel(level: LogLevel): void;
}

/** Options for {@linkcode createLog}. */
export interface LogOptions {
  /** Lowest level written. @default {"info"} */
  level?: LogLevel;
  /** `text` for people, `json` for machines, one object a line. @default {"text"} */
  format?: "text" | "json";
  /**
   * Whether the lines go to journald: each then begins with its priority as sd-daemon(3) has it, and
   * text has no time, which the journal keeps itself. @default {false}
   */
  journal?: boolean;
  /** What every line has behind its own fields. @default none */
  fields?: LogFields;
  /**
   * Receives each finished line without its newline; returns false where it drops it. What it throws is
   * dropped with the line: a log whose reader has gone, or whose disk is full, must not fail the work
   * that it tells of.
   */
  write: (line: string) => unknown;
  /** Clock in milliseconds since the epoch. @default {Date.now} */
  now?: () => number;
}

/**
 * Makes a {@linkcode Log}; fields that are `undefined` are left out, errors become their message.
 * None of its methods ever throws.
 */
export function createLog(options: LogOptions): LeveledLog {
  const { level = "info", format = "text", journal = false, write, now = Date.now } = options;
  let lowest = LOG_LEVELS.indexOf(level);
  const render = format === "json" ? jsonLine : journal ? journalLine : textLine;
  /** Lines dropped since the last one that was not. */
  let dropped = 0;

  function writeLine(lineLevel: LogLevel, message: string, fields: LogFields): boolean {
    const time = new Date(now()).toISOString();
    const line = render(time, lineLevel, message, { ...fields, ...options.fields });
    return write(journal ? `<${PRIORITIES[lineLevel]}>${line}` : line) !== false;
  }

  /** Whether all is told: nothing was dropped, or that it was. */
  function toldDropped(): boolean {
    if (dropped === 0) return true;
    if (!writeLine("warn", DROPPED, { lines: dropped })) return false;
    dropped = 0;
    return true;
  }

  function at(lineLevel: LogLevel): (message: string, fields?: LogFields) => void {
    const rank = LOG_LEVELS.indexOf(lineLevel);
    return (message, fields = {}) => {
      if (rank < lowest) return;
      try {
        if (!toldDropped() || !writeLine(lineLevel, message, fields)) dropped++;
      } catch {
        // The line is lost, and there is nowhere to say so.
      }
    };
  }

  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    get debugEnabled() {
      return lowest === 0;
    },
    setLevel(level) {
      lowest = LOG_LEVELS.indexOf(level);
    },
  };
}

/** A log that writes nothing, for tests and for parts used outside the daemon. */
export const SILENT_LOG: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  debugEnabled: false,
};

function plain(value: unknown): unknown {
  return value instanceof Error ? value.message : value;
}

function jsonLine(time: string, level: LogLevel, message: string, fields: LogFields): string {
  const shown = Object.fromEntries(Object.entries(fields).map(([k, v]) => [k, plain(v)]));
  return escapeUnseen(JSON.stringify({ time, level, message, ...shown }));
}

function textLine(time: string, level: LogLevel, message: string, fields: LogFields): string {
  return `${time} ${level.padEnd(5)} ${journalLine(time, level, message, fields)}`;
}

function journalLine(_: string, _level: LogLevel, message: string, fields: LogFields): string {
  let line = message;
  for (const [name, raw] of Object.entries(fields)) {
    const value = plain(raw);
    if (value === undefined) continue;
    line += ` ${name}=${quoted(typeof value === "object" ? JSON.stringify(value) : String(value))}`;
  }
  return line;
}

/**
 * Quotes what has spaces, and escapes controls and formats: no value can forge a line, move the cursor
 * of whoever reads it, or turn it around.
 */
function quoted(value: string): string {
  return /^[!#-~]+$/.test(value) ? value : escapeUnseen(JSON.stringify(value));
}
