/** One setting: how it is named, read, explained, and what holds when it is not set. */
export interface Setting<T> {
  /** The variable's name without its `GLOSSOND_` prefix. */
  name: string;
  /** Turns the text into a value, or throws a TypeError that completes "GLOSSOND_X …". */
  parse: (value: string) => T;
  /** One sentence for `glossond config` and examples/OPERATING.md. */
  help: string;
  /** The text that holds when the variable is not set; absent when there is none. */
  fallback?: string;
  /** The text that holds under `glossond dev` instead. */
  dev?: string;
  /** Whether the value is never shown. */
  secret?: boolean;
  /** Whether a running relay takes a new value on SIGHUP; the others need a restart. */
  live?: boolean;
}

/** Declares a setting that always has a value. */
export function required<T>(
  name: string,
  parse: (value: string) => T,
  fallback: string,
  help: string,
  options: { dev?: string; live?: boolean } = {},
): Setting<T> {
  return { name, parse, fallback, help, ...options };
}

/** Declares a setting that may be left out. */
export function optional<T>(
  name: string,
  parse: (value: string) => T,
  help: string,
  options: { dev?: string; secret?: boolean; live?: boolean } = {},
): Setting<T | undefined> {
  return { name, parse, help, ...options };
}
