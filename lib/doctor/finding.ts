/** What a check found. */
export interface Finding {
  /** What was looked at, in a few words. */
  check: string;
  /** A fault keeps the relay from working, a warning does not yet. */
  state: "ok" | "warning" | "fault" | "skipped";
  /** What is so. */
  detail: string;
  /** What to do about it; with faults and warnings. */
  fix?: string;
}

/** All is well there. */
export function ok(check: string, detail: string): Finding {
  return { check, state: "ok", detail };
}

/** Something keeps the relay from working. */
export function fault(check: string, detail: string, fix: string): Finding {
  return { check, state: "fault", detail, fix };
}

/** Something will be a fault, or is odd. */
export function warning(check: string, detail: string, fix: string): Finding {
  return { check, state: "warning", detail, fix };
}

/** The check says nothing here. */
export function skipped(check: string, detail: string): Finding {
  return { check, state: "skipped", detail };
}
