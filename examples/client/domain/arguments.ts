import type { ParseArgsOptionsConfig } from "node:util";
import { readDomain } from "../../../lib/wire/domain_name.ts";
import { COMMON, parseOptions, usable, UsageError } from "../command_line.ts";

/** Where certificates come from unless another server is named. */
export const LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory";

/** Which ACME account of the user's own is meant. */
export interface AcmeOptions {
  /** Directory of an ACME server, when not the one that there is an account at. */
  acme?: string | undefined;
  /** File with further trusted authorities for it, PEM. */
  acmeCa?: string | undefined;
  /** Where the authority may write to. */
  email?: string | undefined;
  /** Whether the person agrees to the authority's terms. */
  agree: boolean;
}

/** Options of `glosson domain`. */
export type DomainOptions =
  & { state?: string }
  & (
    | { action: "add"; domain: string } & AcmeOptions
    | { action: "remove"; domain: string }
    | { action: "list" }
  );

/** What says which account, for `parseArgs`. */
export const ACME = {
  acme: { type: "string" },
  "acme-ca": { type: "string" },
  email: { type: "string" },
  "agree-terms": { type: "boolean" },
} satisfies ParseArgsOptionsConfig;

/**
 * Reads what stands behind `domain`; undefined where help is asked for.
 *
 * @throws {UsageError} if it does not say one thing that can be done.
 */
export function parseDomain(args: string[]): DomainOptions | undefined {
  const [action = "", ...rest] = args[0]?.startsWith("-") ? ["", ...args] : args;
  if (action === "list") {
    const { values } = parseOptions(rest, COMMON, 0);
    return values.help ? undefined : { action, state: values.state };
  }
  if (action === "remove") {
    const { values, positionals } = parseOptions(rest, COMMON, 1);
    if (values.help) return undefined;
    return { action, domain: domainOf(positionals[0], action), state: values.state };
  }
  const { values, positionals } = parseOptions(rest, { ...COMMON, ...ACME }, 1);
  if (values.help) return undefined;
  if (action !== "add") throw new UsageError("domain is followed by add, list or remove");
  const domain = domainOf(positionals[0], action);
  return { action, domain, ...acmeOptions(values), state: values.state };
}

/** What the options of {@linkcode ACME} say. */
export function acmeOptions(
  values: { acme?: string; "acme-ca"?: string; email?: string; "agree-terms"?: boolean },
): AcmeOptions {
  const { acme, "acme-ca": acmeCa, email, "agree-terms": agree = false } = values;
  const directory = acme === undefined ? undefined : usable(() => directoryOf(acme));
  return { acme: directory, acmeCa, email, agree };
}

function domainOf(text: string | undefined, action: string): string {
  if (text === undefined) throw new UsageError(`domain ${action} needs the DOMAIN`);
  const read = readDomain(text);
  if (!read.ok) throw new UsageError(`"${text}": ${read.detail.replace(/\.$/, "")}`);
  return read.domain;
}

function directoryOf(text: string): string {
  const url = URL.parse(text);
  if (url?.protocol === "https:") return url.href;
  throw new Error("--acme is the https:// address of an ACME server's directory");
}
