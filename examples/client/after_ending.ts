import { CLOSE } from "../../lib/wire/messages.ts";
import { EXIT, type FinalWord } from "./exit_codes.ts";
import { shown } from "./problem.ts";
import type { Ending } from "./control.ts";

/** What to do after a session ended. */
export type Next =
  | { act: "retry"; why: string; waitMs: number }
  /** Do not come back. */
  | { act: "stop"; word: FinalWord };

/** Longest pause that a relay may ask for before this client comes back, milliseconds: an hour. */
export const MAX_RETRY_AFTER_MS = 3_600_000;

/** Close codes of RFC 6455 section 7.4.1. */
const GOING_AWAY = 1001;
const ABNORMAL = 1006;

const REPLACED: FinalWord = {
  exitCode: EXIT.replaced,
  message: "Another glosson run took over this name. This one ends, so that the two do not " +
    "take turns; stop the other one first if this is the one you want.",
};

const REVOKED: FinalWord = {
  exitCode: EXIT.unauthorized,
  message: "The relay no longer accepts this account's token: the name was set up again " +
    "elsewhere or released, or the relay's operator has blocked it. glosson status tells which; " +
    "glosson setup gets a new token.",
};

/** Decides what a session's end means. */
export function afterEnding(ending: Exclude<Ending, { kind: "stopped" }>): Next {
  switch (ending.kind) {
    case "goodbye": {
      const { reason, retryAfterMs } = ending;
      if (reason === "replaced") return { act: "stop", word: REPLACED };
      if (reason === "revoked") return { act: "stop", word: REVOKED };
      if (retryAfterMs === null) {
        return {
          act: "stop",
          word: {
            exitCode: EXIT.relayGone,
            message: `The relay asked this client not to come back (${reason}). ` +
              "Look for a newer glosson, or ask the relay's operator.",
          },
        };
      }
      const waitMs = Math.min(retryAfterMs, MAX_RETRY_AFTER_MS);
      return { act: "retry", why: `the relay says goodbye (${reason})`, waitMs };
    }
    case "closed":
      // The goodbye may have been lost on the way: the code says the same.
      if (ending.code === CLOSE.replaced) return { act: "stop", word: REPLACED };
      if (ending.code === CLOSE.revoked) return { act: "stop", word: REVOKED };
      return { act: "retry", why: closed(ending), waitMs: 0 };
    case "dropped":
      return { act: "retry", why: ending.why, waitMs: 0 };
  }
}

function closed({ code, detail, wasOnline }: Ending & { kind: "closed" }): string {
  if (code === CLOSE.draining || code === GOING_AWAY) return "the relay is restarting";
  if (code === CLOSE.heartbeatMissed) return "the relay did not hear from this client in time";
  // Codes below 1000, and 1006, are no words of the relay but a connection that broke.
  if (code < 1000 || code === ABNORMAL) {
    return wasOnline ? "the connection to the relay broke" : "the relay did not open a session";
  }
  return `the relay closed with code ${code}${detail === "" ? "" : `, ${shown(detail)}`}`;
}
