import type { Preferences } from "./relay_answers.ts";
import { COMMON, parseOptions, UsageError, usernameOf } from "./command_line.ts";

/** Options of `glosson release`. */
export interface ReleaseOptions {
  /** Does not ask whether to. */
  yes: boolean;
  /** State folder, when not the default one. */
  state?: string;
}

/** Options of `glosson rename`. */
export interface RenameOptions extends ReleaseOptions {
  /** The new name. */
  username: string;
  /** File to write the code into, for local trials. */
  bioFile?: string;
}

/** Options of `glosson away`. */
export interface AwayOptions {
  /** The user's words to visitors; null for none. */
  text: string | null;
  state?: string;
}

/** Options of `glosson privacy`. */
export interface PrivacyOptions {
  change: Partial<Preferences>;
  state?: string;
}

const YES = { yes: { type: "boolean", short: "y" } } as const;

/** Words of `privacy`, and what each changes. */
const PRIVACY: Record<string, Record<string, Partial<Preferences>>> = {
  "last-seen": { on: { lastSeen: true }, off: { lastSeen: false } },
  "offline-page": {
    full: { offlinePage: "full" },
    plain: { offlinePage: "plain" },
    none: { offlinePage: "none" },
  },
};

/*
 * Each of these reads what stands behind its command, and returns undefined where help is asked for;
 * each throws a UsageError if that does not say one thing that can be done.
 */

export function parseRelease(args: string[]): ReleaseOptions | undefined {
  const { values } = parseOptions(args, { ...COMMON, ...YES }, 0);
  return values.help ? undefined : { yes: values.yes ?? false, state: values.state };
}

export function parseRename(args: string[]): RenameOptions | undefined {
  const options = { ...COMMON, ...YES, "bio-file": { type: "string" } } as const;
  const { values, positionals } = parseOptions(args, options, 1);
  if (values.help) return undefined;
  if (positionals[0] === undefined) throw new UsageError("rename needs the NEW name");
  return {
    username: usernameOf(positionals[0]),
    bioFile: values["bio-file"],
    yes: values.yes ?? false,
    state: values.state,
  };
}

export function parseAway(args: string[]): AwayOptions | undefined {
  const { values, positionals } = parseOptions(
    args,
    { ...COMMON, clear: { type: "boolean" } },
    1,
  );
  if (values.help) return undefined;
  const [text] = positionals;
  if ((text === undefined) !== (values.clear ?? false)) {
    throw new UsageError('away needs either a "text" in quotation marks or --clear');
  }
  return { text: text ?? null, state: values.state };
}

export function parsePrivacy(args: string[]): PrivacyOptions | undefined {
  const { values, positionals } = parseOptions(args, COMMON, 2);
  if (values.help) return undefined;
  const [what = "", word = ""] = positionals;
  const words = Object.hasOwn(PRIVACY, what) ? PRIVACY[what]! : undefined;
  if (words === undefined) throw new UsageError(`privacy is about ${list(PRIVACY)}`);
  if (!Object.hasOwn(words, word)) throw new UsageError(`privacy ${what} is ${list(words)}`);
  return { change: words[word]!, state: values.state };
}

function list(choices: Record<string, unknown>): string {
  return Object.keys(choices).join(" or ");
}
