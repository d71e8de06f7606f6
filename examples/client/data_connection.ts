import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { DATA_REFUSED, dataPreface } from "../../lib/wire/messages.ts";
import { parseProxyHeader, type SocketAddress } from "../../lib/wire/proxy_protocol.ts";
import { connectHost } from "./relay_url.ts";

/** How long connecting and showing the ticket may take, milliseconds. */
const DIAL_TIMEOUT_MS = 5_000;

/** How long the PROXY header may take from its first byte, milliseconds. */
const HEADER_TIMEOUT_MS = 5_000;

/** What became of a data connection, PROTOCOL section 3. */
export type DataConnection =
  /** A visitor is at the other end, its bytes are the next ones. The caller destroys `socket`. */
  | { state: "joined"; socket: Socket; visitor?: SocketAddress }
  /** The relay did not take the ticket. Closed. */
  | { state: "refused" }
  /** The relay ended it before a visitor came. Closed. */
  | { state: "ended" };

/** Options for {@linkcode openDataConnection}. */
export interface DataConnectionOptions {
  hostname: string;
  port: number;
  ticket: string;
  /** How long the relay may take to join a visitor, milliseconds. */
  joinWithinMs: number;
  /** Closes the connection when aborted before a visitor is joined. */
  signal: AbortSignal;
  /** Called when the ticket was shown, and so used up. */
  onShown?: () => void;
}

/**
 * Connects to the relay's data port, shows the ticket, and waits for a visitor.
 *
 * A socket of node:net, since the TLS server of node:tls goes onto it (see front.ts).
 *
 * @throws {Error} if the relay cannot be reached, is silent for too long or breaks the protocol, or
 * on abort; the connection is closed then.
 */
export async function openDataConnection(options: DataConnectionOptions): Promise<DataConnection> {
  const { hostname, port, ticket, joinWithinMs, signal, onShown } = options;
  signal.throwIfAborted();
  const socket = connect({
    host: connectHost(hostname),
    port,
    noDelay: true,
    // A parked connection is silent for minutes; this is how a router that forgot it is found out.
    keepAlive: true,
    allowHalfOpen: true,
  });
  function end(why: string): void {
    socket.destroy(new Error(`Cannot use data connection: ${why}`));
  }
  const abort = (): void => end("asked to stop");
  // Whoever uses the socket sees its errors too; without a listener they would end the process.
  socket.on("error", () => {});
  let timer = setTimeout(() => end("the relay takes no bytes"), DIAL_TIMEOUT_MS);
  signal.addEventListener("abort", abort, { once: true });
  let result: DataConnection | undefined;
  try {
    await once(socket, "connect");
    await new Promise<void>((resolve, reject) =>
      socket.write(dataPreface(ticket), (error) => error ? reject(error) : resolve())
    );
    onShown?.();
    clearTimeout(timer);
    timer = setTimeout(() => end("no visitor in time"), joinWithinMs);
    result = await readHeader(socket, () => {
      clearTimeout(timer);
      timer = setTimeout(() => end("the PROXY header is late"), HEADER_TIMEOUT_MS);
    });
    return result;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
    if (result?.state !== "joined") socket.destroy();
  }
}

/** Reads up to the end of the PROXY header, or the refusal in its place. */
async function readHeader(socket: Socket, onFirstByte: () => void): Promise<DataConnection> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    if (bytes.length === 0) onFirstByte();
    bytes = Buffer.concat([bytes, chunk]);
    if (startsLike(bytes, DATA_REFUSED)) {
      if (bytes.length >= DATA_REFUSED.length) return { state: "refused" };
      continue;
    }
    const header = parseProxyHeader(bytes);
    if (header.state === "reject") throw new Error(`Cannot read PROXY header: ${header.detail}`);
    if (header.state === "more") continue;
    socket.unshift(bytes.subarray(header.length));
    return { state: "joined", socket, visitor: header.addresses?.source };
  }
  if (bytes.length === 0) return { state: "ended" };
  throw new Error("Cannot read PROXY header: the connection ended within it");
}

/** Whether `bytes` agree with `start` as far as both go. */
function startsLike(bytes: Uint8Array, start: Uint8Array): boolean {
  return bytes.subarray(0, start.length).every((byte, i) => byte === start[i]);
}
