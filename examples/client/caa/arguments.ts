import { COMMON, parseOptions, UsageError } from "../command_line.ts";

/** Options of `glosson caa`. */
export interface CaaOptions {
  /** Who alone may order certificates for the page's names; `off`: nobody is barred; absent: is only told. */
  who?: "relay" | "off" | undefined;
  state?: string;
}

/**
 * Reads what stands behind `caa`; undefined where help is asked for.
 *
 * @throws {UsageError} if it does not say one thing that can be done.
 */
export function parseCaa(args: string[]): CaaOptions | undefined {
  const { values: { help, state }, positionals: [who] } = parseOptions(args, COMMON, 1);
  if (help) return undefined;
  if (who !== undefined && who !== "relay" && who !== "off") {
    throw new UsageError("caa is followed by relay, off or nothing");
  }
  return { who, state };
}
