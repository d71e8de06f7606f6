import type { OperatorTrace } from "../../lib/admin/acts.ts";

/** Who acts in tests that do not care who does. */
export const TRACE: OperatorTrace = { by: "operator", uid: 0 };
