import { answerText, type Handler } from "./front/exchange.ts";

/**
 * Lets a handler answer for its own host name only; anything else gets 421 (RFC 9110 section
 * 15.5.20).
 *
 * A browser may use one connection for several names of one address, and a page elsewhere may point
 * a name of its own at this one; neither is meant for what is served here.
 */
export function onlyForHost(hostname: string, handler: Handler): Handler {
  return async (exchange) => {
    const name = exchange.request.host.toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
    if (name === hostname) await handler(exchange);
    else await answerText(exchange, 421, "This is another host.");
  };
}
