import http from "node:http";
import https from "node:https";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Log } from "../../lib/log.ts";
import { endToEnd, forwardedHeaders } from "./forwarded_headers.ts";
import type { Site } from "./front.ts";
import { bridgeWebSocket } from "./web_socket_bridge.ts";

/** How long the upstream may take until the head of its answer, milliseconds. */
const HEAD_TIMEOUT_MS = 120_000;

/** Statuses whose answers have no body (fetch: null body status). */
const WITHOUT_BODY = new Set([101, 204, 205, 304]);

/**
 * Passes visitors on to a web app at `upstream`, WebSockets included.
 *
 * Not by `fetch`: it unpacks compressed bodies, whereas here they pass as they are, and it sends
 * every upload chunked, which small servers do not understand.
 */
export function upstreamSite(upstream: URL, log: Log): Site {
  return async (request, visitor) => {
    const headers = forwardedHeaders(request, visitor);
    try {
      if (request.headers.get("upgrade")?.toLowerCase() === "websocket") {
        return await bridgeWebSocket(request, upstream, headers);
      }
      return await pass(request, upstream, headers, visitor.gone);
    } catch (error) {
      log.warn("The upstream does not answer", { upstream: upstream.origin, error });
      return new Response("The page is not running at the moment. Please try again later.\n", {
        status: 502,
        headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" },
      });
    }
  };
}

async function pass(
  request: Request,
  upstream: URL,
  headers: Record<string, string>,
  gone: AbortSignal,
): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  const send = upstream.protocol === "https:" ? https.request : http.request;
  const out = send({
    hostname: upstream.hostname.replace(/^\[|\]$/g, ""),
    port: upstream.port,
    path: `${pathname}${search}`,
    method: request.method,
    headers: { ...headers, host: upstream.host },
    // A connection each: one kept open may be closed by the app in the moment it is used again.
    agent: false,
  });
  out.on("response", resolve);
  out.on("error", reject);
  const timer = setTimeout(
    () => out.destroy(new Error(`no answer within ${HEAD_TIMEOUT_MS / 1000} s`)),
    HEAD_TIMEOUT_MS,
  );
  // Not the request's own signal: it is also aborted after answers that went well.
  const leave = (): void => void out.destroy(new Error("the visitor left"));
  gone.addEventListener("abort", leave, { once: true });
  try {
    if (request.body === null) out.end();
    // Not awaited: an app may answer before it has read everything. A failure shows in `promise`.
    else pipeline(request.body, out).catch(reject);
    return answer(await promise);
  } finally {
    clearTimeout(timer);
    gone.removeEventListener("abort", leave);
  }
}

function answer(message: http.IncomingMessage): Response {
  const headers = new Headers();
  const { rawHeaders, statusCode: status = 502, statusMessage: statusText } = message;
  const pairs = rawHeaders.flatMap((name, i): [string, string][] =>
    i % 2 === 0 ? [[name, rawHeaders[i + 1]!]] : []
  );
  for (const [name, value] of endToEnd(pairs)) headers.append(name, value);
  if (WITHOUT_BODY.has(status)) {
    message.resume();
    return new Response(null, { status, statusText, headers });
  }
  return new Response(Readable.toWeb(message) as ReadableStream<Uint8Array>, {
    status,
    statusText,
    headers,
  });
}
