import { BinarySocket } from "../../lib/net/binary_socket.ts";
import { closeQuietly, type Duplex, writeAll } from "../../lib/net/splice.ts";
import { DATA_SUBPROTOCOL } from "../../lib/wire/messages.ts";
import { acceptKey } from "../../lib/wire/web_socket_opening.ts";
import { type DataLine, TicketRefused } from "./data_line.ts";
import { ByteReader } from "./http/byte_reader.ts";
import { valuesOf } from "./http/fields.ts";
import { parseAnswerHead, requestHeadBytes } from "./http/head.ts";
import type { RelayHttp } from "./relay_http.ts";

/** Longest answer to the opening handshake that is read, bytes. */
const MAX_ANSWER_BYTES = 16 * 1024;

/** Close code of a relay that does not take the ticket (PROTOCOL section 5). */
const REFUSED = 4403;

/**
 * Opens a WebSocket for a data connection to the relay's own port, PROTOCOL section 5.
 *
 * Not by the runtime's `WebSocket`: that one collects what comes however slowly it is taken, so that a
 * visitor's upload to a slow app would fill the memory.
 *
 * @throws {Error} if the relay cannot be reached or has no such, or on abort.
 */
export async function openDataSocket(
  relay: URL,
  { connect }: Pick<RelayHttp, "connect">,
  signal: AbortSignal,
): Promise<DataLine> {
  const conn = await connect(signal);
  const abort = (): void => closeQuietly(conn);
  signal.addEventListener("abort", abort, { once: true });
  try {
    signal.throwIfAborted();
    const socket = await shakeHands(conn, relay);
    return {
      conn: new SocketLine(socket),
      ownAddress: conn.localAddr.hostname,
      async show(ticket) {
        await socket.write(new TextEncoder().encode(ticket));
      },
    };
  } catch (error) {
    closeQuietly(conn);
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** The opening handshake (RFC 6455 section 4.1). */
async function shakeHands(conn: Duplex, relay: URL): Promise<BinarySocket> {
  const key = crypto.getRandomValues(new Uint8Array(16)).toBase64();
  await writeAll(
    conn,
    requestHeadBytes("GET", "/v1/data", [
      ["Host", relay.host],
      ["Upgrade", "websocket"],
      ["Connection", "Upgrade"],
      ["Sec-WebSocket-Version", "13"],
      ["Sec-WebSocket-Key", key],
      ["Sec-WebSocket-Protocol", DATA_SUBPROTOCOL],
    ]),
  );
  const reader = new ByteReader(conn);
  const head = await reader.head(MAX_ANSWER_BYTES);
  if (head === null) throw new Error("Cannot open WebSocket: the relay closed without an answer");
  const { status, fields } = parseAnswerHead(head);
  if (status !== 101) throw new Error(`Cannot open WebSocket: the relay answered ${status}`);
  if (
    valuesOf(fields, "sec-websocket-accept")[0] !== acceptKey(key) ||
    valuesOf(fields, "sec-websocket-protocol")[0] !== DATA_SUBPROTOCOL
  ) {
    throw new Error("Cannot open WebSocket: what answered does not speak its subprotocol");
  }
  return new BinarySocket(conn, reader.rest().slice(), "client");
}

/** What comes over the WebSocket, with the ends that TCP has words for. */
class SocketLine implements Duplex {
  readonly #socket: BinarySocket;
  #began = false;

  constructor(socket: BinarySocket) {
    this.#socket = socket;
  }

  async read(p: Uint8Array): Promise<number | null> {
    try {
      const n = await this.#socket.read(p);
      this.#began = true;
      return n;
    } catch (error) {
      const code = this.#socket.closedWith;
      if (code === REFUSED) throw new TicketRefused();
      // Who closes a parked one has cut nothing off.
      if ((code === 1000 || code === 1001) && !this.#began) return null;
      throw error;
    }
  }

  write(p: Uint8Array): Promise<number> {
    return this.#socket.write(p);
  }

  closeWrite(): Promise<void> {
    return this.#socket.closeWrite();
  }

  close(): void {
    this.#socket.close();
  }
}
