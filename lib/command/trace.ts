import type { OperatorTrace } from "../admin/acts.ts";
import type { CommandContext } from "./command.ts";

/** Who calls a command, and why they say they do, as it is noted. */
export function traceOf({ caller, options: { reason } }: CommandContext): OperatorTrace {
  return { by: "operator", ...caller, ...(typeof reason === "string" && { reason }) };
}
