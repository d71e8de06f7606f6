import { Buffer } from "node:buffer";
import * as net from "node:net";
import type { FrontOptions } from "../../../../examples/client/front/front.ts";
import { upstreamHandler, type UpstreamOptions } from "../../../../examples/client/proxy/pass.ts";
import { parseUpstream } from "../../../../examples/client/proxy/upstream.ts";
import { type Fronted, fronted, until } from "./fronted.ts";

const BLOCK = new Uint8Array(16 * 1024);

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

const UPGRADED = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n";

/** A request of which the head was read. */
interface Asked {
  socket: net.Socket;
  app: PathApp;
  query: string;
  /** What came of the body with the head. */
  early: Buffer;
}

/** What the app does with a request, by its path. */
const PATHS: Record<string, (asked: Asked) => void> = {
  "/": ({ socket }) => socket.end(OK),
  /** Takes everything and says nothing. */
  "/wait": ({ socket }) => socket.resume(),
  /** Takes so many times `x` as the query says, and answers. */
  "/takes": ({ socket, app, query, early }) => {
    let left = Number(query);
    const take = (data: Buffer): void => {
      const count = data.toString("latin1").split("x").length - 1;
      app.taken += count;
      if ((left -= count) <= 0) socket.end(OK);
    };
    socket.on("data", take);
    take(early);
  },
  /** Reads nothing and says nothing. */
  "/deaf": ({ socket }) => socket.pause(),
  "/large": ({ socket }) => blocks(socket, 16),
  "/endless": ({ socket }) => blocks(socket, Infinity),
  "/upgrade": ({ socket }) => {
    socket.write(UPGRADED);
    socket.pipe(socket);
  },
  /** Answers an upload of which it has not read the most, and closes: the kernel resets. */
  "/early": ({ socket }) => {
    socket.pause();
    socket.end("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
    socket.once("finish", () => socket.destroy());
  },
  "/reset": ({ socket }) => socket.resetAndDestroy(),
  "/reset-within": ({ socket }) => {
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nhalf", () => {
      socket.resetAndDestroy();
    });
  },
  "/reset-upgraded": ({ socket }) => {
    socket.write(UPGRADED);
    socket.once("data", () => socket.resetAndDestroy());
  },
  /** Ends within its answer. */
  "/torn": ({ socket }) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nhalf"),
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
  /** Requests that came. */
  requests = 0;
  /** Bytes that `/takes` took. */
  taken = 0;

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

  /** Waits until it can send no more of what it is asked for. */
  async blocked(): Promise<void> {
    const written = (): number =>
      Array.from(this.#sockets).reduce((sum, { bytesWritten }) => sum + bytesWritten, 0);
    for (let before = 0; before === 0 || before !== written();) {
      before = written();
      await new Promise((done) => setTimeout(done, 200));
    }
  }

  /** Waits until no connection is open but those that are not read, and so tell nothing; ends them. */
  async empty(): Promise<void> {
    for (const socket of this.#sockets) if (socket.isPaused()) socket.destroy();
    await until(() => this.#sockets.size === 0);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((done) => this.#server.close(done));
  }

  #serve(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    // Whoever is gone is gone; what is open both ways ends with the first that ends.
    socket.on("error", () => {});
    socket.on("end", () => socket.end());
    let bytes = Buffer.alloc(0);
    const read = (data: Buffer): void => {
      bytes = Buffer.concat([bytes, data]);
      const end = bytes.indexOf("\r\n\r\n");
      if (end === -1) return;
      socket.off("data", read);
      this.requests++;
      const target = bytes.toString("latin1").split(" ")[1]!;
      const [path = "", query = ""] = target.split("?");
      const early = bytes.subarray(end + 4);
      (PATHS[path] ?? PATHS["/"]!)({ socket, app: this, query, early });
    };
    socket.on("data", read);
  }
}

/** Passes visitors on to a {@linkcode PathApp}. */
export async function pathFronted(
  use: (fronted: Fronted & { app: PathApp }) => Promise<void>,
  options: Partial<FrontOptions & UpstreamOptions> = {},
): Promise<void> {
  const app = await PathApp.start();
  const upstream = parseUpstream(String(app.port));
  try {
    await fronted(
      (world) => upstreamHandler({ upstream, ...world, ...options }),
      (world) => use({ ...world, app }),
      options,
    );
  } finally {
    await app.stop();
  }
}
