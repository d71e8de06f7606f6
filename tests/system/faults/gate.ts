import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { sleep } from "../../../lib/net/pause.ts";

/** Passes connections to ports of an address on to those of 127.0.0.1, well or badly. */
export class Gate implements AsyncDisposable {
  /** How long every byte takes besides, milliseconds. */
  delayMs = 0;
  /** Bytes a second of each direction of each connection. */
  bytesPerSecond = Infinity;
  readonly #address: string;
  readonly #ports: readonly number[];
  readonly #sockets = new Set<Socket>();
  #servers: Server[] = [];
  #passing = Promise.withResolvers<void>();

  private constructor(address: string, ports: readonly number[]) {
    this.#address = address;
    this.#ports = ports;
    this.#passing.resolve();
  }

  static async open(address: string, ports: readonly number[]): Promise<Gate> {
    const gate = new Gate(address, ports);
    await gate.listen();
    return gate;
  }

  /** Listens again, as a relay that has started. */
  async listen(): Promise<void> {
    for (const port of this.#ports) {
      const server = createServer({ allowHalfOpen: true }, (client) => this.#pass(client, port));
      server.listen(port, this.#address);
      await once(server, "listening");
      this.#servers.push(server);
    }
  }

  /** Listens no more and ends every connection, as a relay that has ended. */
  close(): void {
    for (const server of this.#servers.splice(0)) server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Ends every connection by a reset. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Accepts connections and passes nothing on, nor anything of those that there are. */
  silence(): void {
    this.#passing = Promise.withResolvers();
  }

  /** Goes on where {@linkcode silence} stopped. */
  speak(): void {
    this.#passing.resolve();
  }

  #pass(client: Socket, port: number): void {
    const relay = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
    const both = [client, relay];
    const end = (): void => both.forEach((socket) => socket.destroy());
    for (const socket of both) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", end);
      socket.on("close", () => this.#sockets.delete(socket));
    }
    Promise.all([this.#carry(client, relay), this.#carry(relay, client)]).then(end, end);
  }

  async #carry(from: Socket, to: Socket): Promise<void> {
    let last: Promise<unknown> = Promise.resolve();
    for await (const chunk of from.iterator({ destroyOnReturn: false })) {
      const dueAt = performance.now() + this.delayMs;
      last = last.then(async () => {
        await sleep(Math.max(0, dueAt - performance.now()));
        await this.#passing.promise;
        if (!to.write(chunk)) await once(to, "drain");
      });
      if (this.delayMs === 0) await last;
      await sleep(chunk.length / this.bytesPerSecond * 1_000);
    }
    await last;
    to.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.speak();
    const closed = this.#servers.map((server) => once(server, "close"));
    this.close();
    await Promise.all(closed);
  }
}
