import { MAX_REASON_LENGTH, type OperatorTrace } from "../admin/acts.ts";
import type { CommandContext } from "./command.ts";
import { usageError } from "./command_line.ts";

/**
 * Checks the reason that is given, before anything is done.
 *
 * @throws {Error} of the command line, when it is too long.
 */
export function checkReason({ options: { reason } }: Pick<CommandContext, "options">): void {
  if (typeof reason !== "string" || reason.length <= MAX_REASON_LENGTH) return;
  throw usageError(`--reason is longer than ${MAX_REASON_LENGTH} characters`);
}

/** Who calls a command, and why they say they do, as it is noted. */
export function traceOf({ caller, options: { reason } }: CommandContext): OperatorTrace {
  return { by: "operator", ...caller, ...(typeof reason === "string" && { reason }) };
}
