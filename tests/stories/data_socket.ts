import assert from "node:assert/strict";
import type { Duplex } from "../../lib/net/splice.ts";
import type { Relay } from "./relay.ts";

/** A client's data connection over WebSocket, as PROTOCOL section 5 has it. */
export class DataSocket implements Duplex {
  readonly #socket: WebSocket;
  readonly #client: Deno.HttpClient;
  readonly #messages: Uint8Array[] = [];
  readonly closed: Promise<CloseEvent>;
  #wake = (): void => {};
  #over = false;

  constructor(relay: Relay) {
    this.#client = Deno.createHttpClient({ caCerts: [relay.ca] });
    const options = { protocols: ["glosson-data.v1"], client: this.#client };
    this.#socket = new WebSocket(
      `wss://localhost:${relay.ports.control}/v1/data`,
      options as unknown as string[],
    );
    this.#socket.binaryType = "arraybuffer";
    const { promise, resolve } = Promise.withResolvers<CloseEvent>();
    this.closed = promise;
    this.#socket.onmessage = ({ data }) => {
      this.#messages.push(new Uint8Array(data));
      this.#wake();
    };
    this.#socket.onerror = () => {};
    this.#socket.onclose = (event) => {
      this.#over = true;
      this.#client.close();
      resolve(event);
      this.#wake();
    };
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

  async read(p: Uint8Array): Promise<number | null> {
    while (this.#messages.length === 0) {
      if (this.#over) throw new Error("closed before the stream's end");
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const [first] = this.#messages;
    const n = Math.min(p.length, first!.length);
    p.set(first!.subarray(0, n));
    if (n === first!.length) this.#messages.shift();
    else this.#messages[0] = first!.subarray(n);
    return first!.length === 0 ? null : n;
  }

  async write(p: Uint8Array): Promise<number> {
    while (this.#socket.bufferedAmount > 1024 * 1024) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    if (p.length > 0) this.#socket.send(Uint8Array.from(p));
    return p.length;
  }

  closeWrite(): Promise<void> {
    this.#socket.send(new Uint8Array(0));
    return Promise.resolve();
  }

  close(): void {
    this.#socket.close();
  }
}

/** A data connection over WebSocket that showed a ticket. */
export async function dialDataSocket(relay: Relay, ticket: string): Promise<DataSocket> {
  const socket = await new DataSocket(relay).opened();
  socket.send(new TextEncoder().encode(ticket));
  return socket;
}
