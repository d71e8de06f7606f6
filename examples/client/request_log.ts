import type { Log } from "../../lib/log.ts";
import type { Answer, Handler } from "./front/exchange.ts";

/**
 * Tells at debug level of every request: method, path, status, milliseconds and bytes of the body. What
 * stands behind a `?` is left out: apps put secrets there.
 */
export function logRequests(handler: Handler, log: Log): Handler {
  return async (exchange) => {
    if (!log.debugEnabled) return await handler(exchange);
    const { method, target } = exchange.request;
    const began = performance.now();
    const told = { status: 0, bytes: 0 };
    try {
      await handler({ ...exchange, answer: counted(exchange.answer, told) });
    } finally {
      const ms = Math.round(performance.now() - began);
      // Nothing was answered: the visitor left, or the fault is this program's.
      const status = told.status || "none";
      log.debug("Request", { method, path: target.split("?")[0], status, ms, bytes: told.bytes });
    }
  };
}

/** The same answer, whose status and bytes are noted as they pass. */
function counted(answer: Answer, told: { status: number; bytes: number }): Answer {
  return {
    get begun() {
      return answer.begun;
    },
    interim: (head) => answer.interim(head),
    begin(head, framing, early) {
      told.status = head.status;
      told.bytes += early?.length ?? 0;
      return answer.begin(head, framing, early);
    },
    write(piece) {
      told.bytes += piece.length;
      return answer.write(piece);
    },
    finish: (trailers) => answer.finish(trailers),
    switchProtocols(head) {
      told.status = head.status;
      return answer.switchProtocols(head);
    },
  };
}
