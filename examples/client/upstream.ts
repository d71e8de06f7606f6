import type { Log } from "../../lib/log.ts";
import { closeQuietly } from "../../lib/net/splice.ts";
import { endToEnd, forwardedHeaders } from "./forwarded_headers.ts";
import type { Site } from "./front.ts";
import { requestOnce, UploadBroken } from "./http1.ts";
import { bridgeWebSocket } from "./web_socket_bridge.ts";

/** How long connecting to the upstream may take, milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;

/** How long the upstream may take until the head of its answer, milliseconds. */
const HEAD_TIMEOUT_MS = 120_000;

/**
 * Passes visitors on to a web app at `upstream`, WebSockets included.
 *
 * Not by `fetch`: it unpacks compressed bodies, whereas here they pass as they are, and it sends
 * every upload in chunks, which small servers do not understand.
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
      const left = error instanceof UploadBroken || visitor.gone.aborted;
      if (left) log.debug("A visitor left before the answer", { error });
      else log.warn("The upstream does not answer", { upstream: upstream.origin, error });
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
  const conn = await connect(upstream);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    closeQuietly(conn);
  }, HEAD_TIMEOUT_MS);
  // Not the request's own signal: it is also aborted after answers that went well.
  const leave = (): void => closeQuietly(conn);
  gone.addEventListener("abort", leave, { once: true });
  try {
    gone.throwIfAborted();
    const { pathname, search } = new URL(request.url);
    const { status, statusText, fields, body } = await requestOnce(conn, {
      method: request.method,
      target: `${pathname}${search}`,
      headers: { ...headers, host: upstream.host },
      body: request.body,
    });
    return new Response(body, { status, statusText, headers: endToEnd(fields) });
  } catch (error) {
    closeQuietly(conn);
    if (late) throw new Error(`Cannot read answer: none within ${HEAD_TIMEOUT_MS / 1000} s`);
    throw error;
  } finally {
    clearTimeout(timer);
    gone.removeEventListener("abort", leave);
  }
}

async function connect(upstream: URL): Promise<Deno.TcpConn | Deno.TlsConn> {
  const hostname = upstream.hostname.replace(/^\[|\]$/g, "");
  if (upstream.protocol === "https:") {
    return await Deno.connectTls({ hostname, port: Number(upstream.port || "443") });
  }
  const signal = AbortSignal.timeout(CONNECT_TIMEOUT_MS);
  return await Deno.connect({ hostname, port: Number(upstream.port || "80"), signal });
}
