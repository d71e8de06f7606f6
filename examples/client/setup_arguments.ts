import type { ParseArgsOptionsConfig } from "node:util";
import type { KeyType } from "../../lib/pki/keys.ts";
import { ALSO, alsoOf } from "./also.ts";
import { COMMON, parseOptions, usable, UsageError, usernameOf } from "./command_line.ts";
import { relayUrl } from "./relay_url.ts";

/** Kinds of private key that a person may choose; RSA is for old visitors. */
const KEY_TYPES: readonly KeyType[] = ["ecdsa", "rsa"];

/** Options of `glosson setup`. */
export interface SetupOptions {
  username: string;
  relay: URL;
  /** File with further trusted authorities, PEM. */
  ca?: string;
  /** File to write the code into, for local trials. */
  bioFile?: string;
  keyType: KeyType;
  /** Labels of names below the page's own. */
  also?: string[];
  /** Replace what the state folder holds without asking. */
  force: boolean;
  /** State folder, when not the default one. */
  state?: string;
}

const OPTIONS = {
  ...COMMON,
  ...ALSO,
  relay: { type: "string" },
  ca: { type: "string" },
  "bio-file": { type: "string" },
  "key-type": { type: "string" },
  force: { type: "boolean" },
  yes: { type: "boolean", short: "y" },
} satisfies ParseArgsOptionsConfig;

/**
 * Reads what stands behind `setup`; undefined where help is asked for.
 *
 * @throws {UsageError} if it does not say one thing that can be done.
 */
export function parseSetup(args: string[]): SetupOptions | undefined {
  const { values, positionals } = parseOptions(args, OPTIONS, 1);
  if (values.help) return undefined;
  if (positionals[0] === undefined) throw new UsageError("setup needs the NAME to set up");
  const username = usernameOf(positionals[0]);
  if (values.relay === undefined) throw new UsageError("setup needs --relay URL");
  const keyType = KEY_TYPES.find((type) => type === (values["key-type"] ?? "ecdsa"));
  if (keyType === undefined) throw new UsageError(`--key-type is ${KEY_TYPES.join(" or ")}`);
  return {
    username,
    relay: usable(() => relayUrl(values.relay!)),
    ca: values.ca,
    bioFile: values["bio-file"],
    keyType,
    also: alsoOf(values.also),
    force: (values.force ?? false) || (values.yes ?? false),
    state: values.state,
  };
}
