import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { PostgresServer } from "./server.ts";

/** What becomes of the connection over which something is asked. */
export type Interruption =
  /** It works on. */
  | "none"
  /** The question does not arrive; whoever asked waits. */
  | "hold question"
  /** The connection is lost before the question arrives. */
  | "lose question"
  /** It is answered, which does not arrive; whoever asked waits. */
  | "hold answer"
  /** It is answered, and the connection is lost before that arrives. */
  | "lose answer";

/** What is interrupted, and who is told once it is. */
interface Place {
  text: string;
  how: Interruption;
  happened: () => void;
}

/** A way to a database on which what is asked can be interrupted at a place that a test names. */
export class Interrupter implements AsyncDisposable {
  readonly #server: Server;
  readonly #socket: string;
  readonly #database: string;
  #next: Place | undefined;

  private constructor({ folder, port }: PostgresServer, database: string) {
    this.#socket = `${folder}/.s.PGSQL.${port}`;
    this.#database = database;
    this.#server = createServer((client) => this.#pass(client));
  }

  static async open(server: PostgresServer, database: string): Promise<Interrupter> {
    const interrupter = new Interrupter(server, database);
    interrupter.#server.listen(0, "127.0.0.1");
    await once(interrupter.#server, "listening");
    return interrupter;
  }

  /** What leads to the database over it. */
  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `postgres://glossond@127.0.0.1:${port}/${this.#database}?sslmode=disable`;
  }

  /** Interrupts what has `text` in it and is asked next, once; resolves when that has happened. */
  at(text: string, how: Interruption): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#next = { text, how, happened: resolve };
    return promise;
  }

  #pass(client: Socket): void {
    const upstream = connect(this.#socket);
    let here: Place | undefined;
    for (const socket of [client, upstream]) {
      socket.on("error", () => {}).on("close", () => {
        client.destroy();
        upstream.destroy();
      });
    }
    client.on("data", (bytes) => {
      if (this.#next !== undefined && bytes.includes(this.#next.text)) {
        here = this.#next;
        this.#next = undefined;
        if (here.how === "hold question" || here.how === "none") here.happened();
      }
      if (here?.how === "lose question") client.destroy();
      else if (here?.how !== "hold question") upstream.write(bytes);
    });
    upstream.on("data", (bytes) => {
      if (here === undefined || here.how === "none") client.write(bytes);
      else if (here.how === "lose answer") client.destroy();
      here?.happened();
    });
  }

  /** Those who use it have ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    await once(this.#server, "close");
  }
}
