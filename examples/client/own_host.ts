import { answerText, type Handler } from "./front/exchange.ts";

/**
 * Lets a handler answer for its own host names only; anything else gets 421 (RFC 9110 section
 * 15.5.20).
 *
 * A browser may use one connection for several names of one address, and a page elsewhere may point
 * a name of its own at this one; neither is meant for what is served here. Who names no host, as
 * HTTP/1.0 allows, has named it in the TLS handshake.
 *
 * @param others further names of its own, which may change.
 */
export function onlyForHost(
  hostname: string,
  handler: Handler,
  others: ReadonlySet<string> = new Set(),
): Handler {
  const isOwn = (name: string): boolean => name === hostname || others.has(name);
  return async (exchange) => {
    const named = exchange.visitor.serverName?.toLowerCase() ?? hostname;
    const host = exchange.request.host || (isOwn(named) ? named : hostname);
    if (isOwn(host.toLowerCase().replace(/:\d*$/, "").replace(/\.$/, ""))) {
      await handler({ ...exchange, request: { ...exchange.request, host } });
    } else await answerText(exchange, 421, "This is another host.");
  };
}
