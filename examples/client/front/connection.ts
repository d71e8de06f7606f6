import type { Log } from "../../../lib/log.ts";
import type { Schedule } from "../../../lib/net/schedule.ts";
import { answerText, type Exchange, type Handler, type Visitor } from "./exchange.ts";
import type { VisitorLimits } from "./limits.ts";

/** A visitor's connection, as those who speak HTTP over it see it. */
export interface Connection {
  handler: Handler;
  visitor: Visitor;
  limits: VisitorLimits;
  schedule: Schedule;
  log: Log;
  /** Whether it is to end behind the answer that is under way, or the next: no further request then. */
  isLast: () => boolean;
  /** Tells whether it waits for a request, and so could be ended without harm. */
  onIdle: (idle: boolean) => void;
}

/** Runs a handler; what it fails to begin is answered for it. Rejects as answers do. */
export async function attempt(handler: Handler, exchange: Exchange, log: Log): Promise<void> {
  try {
    await handler(exchange);
  } catch (error) {
    if (exchange.visitor.gone.aborted) return log.debug("A visitor left", { error });
    if (exchange.answer.begun) return log.debug("An answer broke off", { error });
    log.error("Cannot answer a visitor", { error });
    await answerText(exchange, 500, "Something went wrong here.");
  }
}
