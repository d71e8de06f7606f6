import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import type { PostgresServer } from "./server.ts";

/** A way to a server on which the answer to a commit can be lost. */
export class CommitCutter implements AsyncDisposable {
  readonly #server: Server;
  readonly #database: string;
  #armed = false;

  private constructor(server: Server, database: string) {
    this.#server = server;
    this.#database = database;
  }

  static async open({ folder, port }: PostgresServer, database: string): Promise<CommitCutter> {
    const server = createServer();
    const cutter = new CommitCutter(server, database);
    server.on("connection", (client) => {
      const upstream = connect(`${folder}/.s.PGSQL.${port}`);
      let cut = false;
      for (const socket of [client, upstream]) {
        socket.on("error", () => {}).on("close", () => {
          client.destroy();
          upstream.destroy();
        });
      }
      client.on("data", (bytes) => {
        if (cutter.#armed && bytes.includes("COMMIT")) [cutter.#armed, cut] = [false, true];
        upstream.write(bytes);
      });
      // Whoever answers has committed.
      upstream.on("data", (bytes) => void (cut ? upstream.destroy() : client.write(bytes)));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return cutter;
  }

  /** What leads to the database over it. */
  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `postgres://glossond@127.0.0.1:${port}/${this.#database}?sslmode=disable`;
  }

  /** Whether a commit was cut off since {@linkcode cutNext}. */
  get hasCut(): boolean {
    return !this.#armed;
  }

  /** Ends the connection of the next one that commits once it has, and loses the answer. */
  cutNext(): void {
    this.#armed = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    await once(this.#server, "close");
  }
}
