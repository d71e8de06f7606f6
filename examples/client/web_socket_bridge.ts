/** How long the upstream may take to open a WebSocket, milliseconds. */
const OPEN_TIMEOUT_MS = 10_000;

/** Most bytes that wait for a slow end before the bridge is given up. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

/** Headers of the opening handshake, which each side makes for itself. */
const OF_HANDSHAKE = /^(?:sec-websocket-.*|host|content-length)$/;

/** A message on its way. */
type Message = string | ArrayBuffer;

/**
 * Opens a WebSocket at the upstream, then the visitor's, and passes messages both ways.
 *
 * @throws {Error} if the upstream does not open it.
 */
export async function bridgeWebSocket(
  request: Request,
  upstream: URL,
  headers: Record<string, string>,
): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const url = new URL(`${pathname}${search}`, upstream);
  url.protocol = upstream.protocol === "https:" ? "wss:" : "ws:";
  const offered = request.headers.get("sec-websocket-protocol");
  const inner = new WebSocket(url, {
    protocols: offered === null ? [] : offered.split(",").map((word) => word.trim()),
    headers: Object.entries(headers).filter(([name]) => !OF_HANDSHAKE.test(name)),
  });
  inner.binaryType = "arraybuffer";
  // The upstream may speak before the visitor's side is open.
  const early: Message[] = [];
  inner.onmessage = ({ data }) => early.push(data);
  await opened(inner);

  const { socket: outer, response } = Deno.upgradeWebSocket(request, {
    protocol: inner.protocol === "" ? undefined : inner.protocol,
  });
  outer.binaryType = "arraybuffer";
  outer.onopen = (): void => {
    for (const message of early) outer.send(message);
    join(inner, outer);
    join(outer, inner);
    // Closed in the meantime: its event has passed.
    if (inner.readyState > WebSocket.OPEN) outer.close();
  };
  outer.onerror = (): void => inner.close();
  outer.onclose = (): void => inner.close();
  return response;
}

async function opened(socket: WebSocket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error("no WebSocket in time")), OPEN_TIMEOUT_MS);
  socket.onopen = (): void => resolve();
  socket.onerror = (event): void =>
    reject(new Error(event instanceof ErrorEvent ? event.message : "no WebSocket"));
  try {
    await promise;
  } catch (error) {
    socket.onerror = null;
    socket.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Passes what `from` says, its close included, to `to`. */
function join(from: WebSocket, to: WebSocket): void {
  from.onmessage = ({ data }): void => {
    if (to.readyState !== WebSocket.OPEN) return;
    if (to.bufferedAmount > MAX_WAITING_BYTES) {
      from.close();
      to.close();
      return;
    }
    to.send(data);
  };
  from.onerror = (): void => to.close();
  from.onclose = ({ code, reason }): void => {
    if (to.readyState > WebSocket.OPEN) return;
    // The others are not for a program to send.
    if (code === 1000 || (code >= 3000 && code <= 4999)) to.close(code, reason);
    else to.close();
  };
}
