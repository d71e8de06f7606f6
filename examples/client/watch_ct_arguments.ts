import { COMMON, parseOptions, UsageError } from "./command_line.ts";
import { DEFAULT_CT_SERVICE } from "./watch/ct.ts";

/** Options of `glosson watch-ct`. */
export interface WatchCtOptions {
  service: URL;
  /** State folder, when not the default one. */
  state?: string;
}

/**
 * Reads what stands behind `watch-ct`; undefined where help is asked for.
 *
 * @throws {UsageError} if it does not say one thing that can be done.
 */
export function parseWatchCt(args: string[]): WatchCtOptions | undefined {
  const { values } = parseOptions(args, { ...COMMON, service: { type: "string" } }, 0);
  if (values.help) return undefined;
  return { service: serviceUrl("--service", values.service), state: values.state };
}

/**
 * The address of a search service; over plain HTTP only on this computer, since an answer that was changed on its way
 * says nothing.
 *
 * @throws {UsageError} if it is none.
 */
export function serviceUrl(option: string, text = DEFAULT_CT_SERVICE): URL {
  const url = URL.parse(text);
  const isHere = url?.hostname === "localhost" || url?.hostname === "127.0.0.1";
  if (url?.protocol === "https:" || (url?.protocol === "http:" && isHere)) return url;
  throw new UsageError(
    `${option}: "${text}" is no https:// address, such as ${DEFAULT_CT_SERVICE}`,
  );
}
