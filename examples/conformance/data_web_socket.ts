import { sleep } from "../../lib/net/pause.ts";
import type { Duplex } from "../../lib/net/splice.ts";
import { DATA_SUBPROTOCOL } from "../../lib/wire/messages.ts";
import { problem } from "./api.ts";

/** Bytes that wait for an end that takes none, before the next piece is held back. */
const MAX_BUFFERED = 1024 * 1024;

/** How soon it is looked at again whether they are fewer, milliseconds. */
const LOOK_MS = 5;

/** A data connection over WebSocket, from when it is open (PROTOCOL section 5). */
export class DataWebSocket implements Duplex {
  readonly #socket: WebSocket;
  readonly #messages: Uint8Array[] = [];
  #wake = (): void => {};
  #over = false;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      this.#messages.push(typeof data === "string" ? new Uint8Array(0) : new Uint8Array(data));
      this.#wake();
    };
    socket.onerror = () => {};
    socket.onclose = () => {
      this.#over = true;
      this.#wake();
    };
  }

  /** The next message; null when the other end closed before it. */
  async message(): Promise<Uint8Array | null> {
    while (this.#messages.length === 0 && !this.#over) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.#messages.shift() ?? null;
  }

  async read(p: Uint8Array): Promise<number | null> {
    const message = await this.message();
    if (message === null) throw new Error("closed before the end of its stream");
    if (message.length === 0) return null;
    const n = Math.min(p.length, message.length);
    p.set(message.subarray(0, n));
    if (n < message.length) this.#messages.unshift(message.subarray(n));
    return n;
  }

  async write(p: Uint8Array): Promise<number> {
    while (this.#socket.bufferedAmount > MAX_BUFFERED) {
      await sleep(LOOK_MS);
    }
    if (p.length > 0) this.#socket.send(Uint8Array.from(p));
    return p.length;
  }

  closeWrite(): Promise<void> {
    this.#socket.send(new Uint8Array(0));
    return Promise.resolve();
  }

  close(): void {
    this.#socket.close(1000);
  }

  /** Closes as a relay does that does not take the ticket. */
  refuse(): void {
    this.#socket.close(4403);
  }
}

/** Answers a request for a data connection, which is handed on. */
export function upgradeData(request: Request, onConn: (conn: DataWebSocket) => void): Response {
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
    return problem(426, "upgrade-required");
  }
  const { socket, response } = Deno.upgradeWebSocket(request, { protocol: DATA_SUBPROTOCOL });
  onConn(new DataWebSocket(socket));
  return response;
}
