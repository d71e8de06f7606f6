import { isLabelBelow } from "../../lib/wire/names.ts";
import { UsageError } from "./command_line.ts";
import type { Account } from "./records.ts";
import type { State } from "./state.ts";

/** Names below their own that a relay lets a user have at most. */
const MAX_ALSO = 10;

/** Options that say which names below its own the page has, for `parseArgs`. */
export const ALSO = { also: { type: "string", multiple: true } } as const;

/**
 * The labels that `--also` was given, sorted, each once; undefined where it was not given.
 *
 * @throws {UsageError} if one cannot be a label, or they are too many.
 */
export function alsoOf(labels: readonly string[] | undefined): string[] | undefined {
  if (labels === undefined) return undefined;
  for (const label of labels) {
    if (isLabelBelow(label)) continue;
    throw new UsageError(
      `--also: "${label}" cannot be a name below yours: 1 to 63 of a-z, 0-9 and "-", ` +
        'no "-" at an end, no "--" in places 3 and 4',
    );
  }
  const also = [...new Set(labels)].sort();
  if (also.length > MAX_ALSO) throw new UsageError(`--also takes ${MAX_ALSO} names at most`);
  return also;
}

/** The hosts of names below a page's own. */
export function hostsBelow(hostname: string, also: readonly string[] = []): string[] {
  return also.map((label) => `${label}.${hostname}`);
}

/**
 * The account with these names below its own, if any are said, kept so. Written only where that changes it: its folder
 * may be read-only.
 */
export async function withAlso(
  account: Account,
  also: string[] | undefined,
  state: Pick<State, "saveAccount">,
): Promise<Account> {
  if (also === undefined || `${also}` === `${account.also ?? []}`) return account;
  const changed = { ...account, also };
  await state.saveAccount(changed);
  return changed;
}
