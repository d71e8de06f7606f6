import type { Buffer } from "node:buffer";
import * as net from "node:net";
import { Changes } from "../changes.ts";

const BLOCK = new Uint8Array(16 * 1024);

const UPGRADED = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n";

/** What an app does with a request, by its path; it has read what is before the empty line, or more. */
const PATHS: Record<string, (socket: net.Socket) => void> = {
  "/": (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
  /** Takes everything and says nothing. */
  "/wait": (socket) => socket.resume(),
  /** Reads nothing and says nothing. */
  "/deaf": (socket) => socket.pause(),
  "/large": (socket) => blocks(socket, 16),
  "/endless": (socket) => blocks(socket, Infinity),
  "/upgrade": (socket) => {
    socket.write(UPGRADED);
    socket.pipe(socket);
  },
  /** Answers an upload of which it has not read the most, and closes: the kernel resets. */
  "/early": (socket) => {
    socket.pause();
    socket.end("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
    socket.once("finish", () => socket.destroy());
  },
  "/reset": (socket) => socket.resetAndDestroy(),
  "/reset-within": (socket) => {
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nhalf", () => {
      socket.resetAndDestroy();
    });
  },
  "/reset-upgraded": (socket) => {
    socket.write(UPGRADED);
    socket.once("data", () => socket.resetAndDestroy());
  },
  /** Ends within its answer. */
  "/torn": (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nhalf"),
};

/** Sends so many blocks as they are taken. */
function blocks(socket: net.Socket, count: number): void {
  socket.write("HTTP/1.1 200 OK\r\n\r\n");
  const more = (): void => {
    while (!socket.destroyed && count-- > 0) if (!socket.write(BLOCK)) return;
    socket.end();
  };
  socket.on("drain", more);
  socket.resume();
  more();
}

/** A web app that does with a request what its path says. */
export class PathApp {
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  readonly #changes = new Changes();
  /** Requests that came. */
  requests = 0;

  private constructor() {
    this.#server = net.createServer({ allowHalfOpen: true }, (socket) => this.#serve(socket));
  }

  static async start(): Promise<PathApp> {
    const app = new PathApp();
    await new Promise<void>((done) => app.#server.listen(0, "127.0.0.1", 511, done));
    return app;
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  /** Waits until no connection is open but those that are not read, and so tell nothing; ends them. */
  async empty(): Promise<void> {
    for (const socket of this.#sockets) if (socket.isPaused()) socket.destroy();
    await this.#changes.until(() => this.#sockets.size === 0);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((done) => this.#server.close(done));
  }

  #serve(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => {
      this.#sockets.delete(socket);
      this.#changes.tell();
    });
    // Whoever is gone is gone; what is open both ways ends with the first that ends.
    socket.on("error", () => {});
    socket.on("end", () => socket.end());
    let head = "";
    const read = (data: Buffer): void => {
      head += data.toString("latin1");
      if (!head.includes("\r\n\r\n")) return;
      socket.off("data", read);
      this.requests++;
      const path = head.split(" ")[1]!.split("?")[0]!;
      (PATHS[path] ?? PATHS["/"]!)(socket);
    };
    socket.on("data", read);
  }
}
