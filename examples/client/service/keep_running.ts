import { EXIT } from "../exit_codes.ts";
import type { Job } from "./service.ts";

/** Pause before the program is started again, seconds. */
const RESTART_S = 10;

/**
 * A script of `sh` that starts a program again when it failed, for what starts programs and no more. It
 * ends when the program was asked to end, or says that the same again is of no use.
 */
export function keepRunningScript({ argv, folder }: Pick<Job, "argv" | "folder">): string {
  return `#!/bin/sh
# Written by glosson install; glosson uninstall takes it away.
cd ${quoted(folder)} || exit 0
while :; do
  ${argv.map(quoted).join(" ")}
  code=$?
  # Failed, or ended by a signal.
  [ $code -eq ${EXIT.failed} ] || [ $code -ge 128 ] || exit 0
  sleep ${RESTART_S}
done
`;
}

/** A word of a command line of `sh`. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
