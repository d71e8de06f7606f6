import { parseKeyFingerprint } from "../../lib/pki/key_fingerprint.ts";
import { parseOptions, UsageError } from "./command_line.ts";
import { relayUrl } from "./relay_url.ts";

/** Options of `glosson verify`. */
export interface VerifyOptions {
  /** The page's address: `https://USER.BASE`, maybe with a port. */
  page: URL;
  /** Fingerprint that the key of the page has to have. */
  key: string;
  /** What has to be agreed on by ALPN. @default anything */
  alpn?: string;
  /** Where to connect, in place of what the page's name resolves to. */
  address?: string;
  /** File with authorities to trust besides the system's, PEM. */
  ca?: string;
}

const OPTIONS = {
  help: { type: "boolean", short: "h" },
  key: { type: "string" },
  alpn: { type: "string" },
  address: { type: "string" },
  ca: { type: "string" },
} as const;

/**
 * Reads what stands behind `verify`; undefined where help is asked for.
 *
 * @throws {UsageError} if it does not say one thing that can be done.
 */
export function parseVerify(args: string[]): VerifyOptions | undefined {
  const { values: { help, ...values }, positionals } = parseOptions(args, OPTIONS, 1);
  if (help) return undefined;
  const [address] = positionals;
  if (address === undefined) throw new UsageError("Which page? Say its address, https://NAME.BASE");
  if (values.key === undefined) {
    throw new UsageError(
      "--key is missing: the fingerprint that glosson status shows on the page's own computer",
    );
  }
  const key = parseKeyFingerprint(values.key);
  if (key === undefined) {
    throw new UsageError(
      `--key "${values.key}" is no SHA-256 of a key: 44 characters of base64, or 64 of hex`,
    );
  }
  return { ...values, page: pageUrl(address), key };
}

function pageUrl(text: string): URL {
  try {
    return relayUrl(text);
  } catch {
    throw new UsageError(`"${text}" is no address of a page: https://NAME.BASE, maybe with a port`);
  }
}
