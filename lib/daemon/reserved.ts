import { isReservedUsername } from "../account/reserved_names.ts";
import type { Settings } from "../config/settings.ts";
import { names } from "../config/values.ts";
import type { Log } from "../log.ts";

/** The names that are kept back: the built-in ones and the operator's. */
export interface Reserved {
  has(username: string): boolean;
  /** Reads the operator's anew; a file that cannot be used is logged, and the old names hold. */
  reload(): void;
}

/**
 * Makes {@linkcode Reserved} of settings that may change; read now and at each `reload`.
 *
 * @throws {Error} when the file that the setting names cannot be used.
 */
export function createReserved(settings: Readonly<Settings>, log: Log): Reserved {
  let own = read(settings);
  return {
    has: (username) => isReservedUsername(username) || own.has(username),
    reload() {
      try {
        const next = read(settings);
        const [added, dropped] = [next.difference(own).size, own.difference(next).size];
        if (added + dropped > 0) log.info("reserved names changed", { added, dropped });
        own = next;
      } catch (error) {
        log.error("reserved names not taken, the old ones hold", { error });
      }
    },
  };
}

function read({ reservedNames }: Readonly<Settings>): Set<string> {
  if ("names" in reservedNames) return new Set(reservedNames.names);
  const { file } = reservedNames;
  try {
    return new Set(names(Deno.readTextFileSync(file)));
  } catch (error) {
    const { message } = error as Error;
    throw new Error(
      error instanceof TypeError
        ? `The file of GLOSSOND_RESERVED_NAMES, ${file}, ${message}`
        : `Cannot read the file of GLOSSOND_RESERVED_NAMES: ${message}; give the path of one with names`,
    );
  }
}
