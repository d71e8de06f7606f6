import { AUTHORITY_PATTERN } from "../../../lib/wire/caa_words.ts";
import { COMMON, parseOptions, UsageError } from "../command_line.ts";
import { ACME, type AcmeOptions, acmeOptions } from "../domain/arguments.ts";

/** Options of `glosson caa`. */
export type CaaOptions =
  & { state?: string }
  & (
    /** Who alone may order certificates for the page's names; `off`: nobody is barred; absent: is only told. */
    | { who?: "relay" | "off" | undefined }
    | {
      who: "own";
      /** URL of an account that another program orders with; absent: this one does, with one of its own. */
      account?: string | undefined;
      /** The authority's name in CAA records. @default as it tells it */
      authority?: string | undefined;
    } & AcmeOptions
  );

const OPTIONS = {
  ...COMMON,
  ...ACME,
  account: { type: "string" },
  authority: { type: "string" },
} as const;

/**
 * Reads what stands behind `caa`; undefined where help is asked for.
 *
 * @throws {UsageError} if it does not say one thing that can be done.
 */
export function parseCaa(args: string[]): CaaOptions | undefined {
  if (args.find((arg) => !arg.startsWith("-")) !== "own") {
    const { values: { help, state }, positionals: [who] } = parseOptions(args, COMMON, 1);
    if (help) return undefined;
    if (who === undefined || who === "relay" || who === "off") return { who, state };
    throw new UsageError("caa is followed by relay, own, off or nothing");
  }
  const { values } = parseOptions(args, OPTIONS, 1);
  const { help, account, authority, state } = values;
  if (help) return undefined;
  if (authority !== undefined && !new RegExp(AUTHORITY_PATTERN).test(authority)) {
    throw new UsageError(
      `--authority is a name as CAA records have it, such as letsencrypt.org, not "${authority}"`,
    );
  }
  if (account !== undefined && authority === undefined) {
    throw new UsageError("--account takes --authority as well, such as letsencrypt.org");
  }
  return { who: "own", account, authority, ...acmeOptions(values), state };
}
