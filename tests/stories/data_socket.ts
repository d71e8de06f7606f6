import assert from "node:assert/strict";
import { DataWebSocket } from "../../examples/conformance/data_web_socket.ts";
import type { Relay } from "./relay.ts";

/** A client's data connection over WebSocket, at the client's end (PROTOCOL section 5). */
export class DataSocket extends DataWebSocket {
  readonly #socket: WebSocket;
  readonly closed: Promise<CloseEvent>;

  constructor(relay: Relay) {
    const client = Deno.createHttpClient({ caCerts: [relay.ca] });
    const socket = new WebSocket(
      `wss://localhost:${relay.ports.control}/v1/data`,
      { protocols: ["glosson-data.v1"], client } as unknown as string[],
    );
    super(socket);
    this.#socket = socket;
    this.closed = new Promise((resolve) =>
      socket.addEventListener("close", (event) => {
        client.close();
        resolve(event);
      })
    );
  }

  async opened(): Promise<this> {
    while (this.#socket.readyState === WebSocket.CONNECTING) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.equal(this.#socket.protocol, "glosson-data.v1");
    return this;
  }

  /** Sends one message. */
  send(message: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(message);
  }
}

/** A data connection over WebSocket that showed a ticket. */
export async function dialDataSocket(relay: Relay, ticket: string): Promise<DataSocket> {
  const socket = await new DataSocket(relay).opened();
  socket.send(new TextEncoder().encode(ticket));
  return socket;
}
