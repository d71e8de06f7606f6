import { Buffer } from "node:buffer";
import * as net from "node:net";
import * as tls from "node:tls";
import { Changes } from "../changes.ts";
import { HOSTNAME } from "./fronted.ts";

/** A visitor who says anything and leaves in any way. */
export class RawVisitor {
  readonly #socket: net.Socket;
  readonly #stream: net.Socket;
  readonly #changes = new Changes();
  /** What came and was not taken. */
  received = Buffer.alloc(0);
  /** Bytes that came in all. */
  count = 0;
  /** Whether the other side has ended, or the connection is gone. */
  ended = false;

  private constructor(socket: net.Socket, stream: net.Socket) {
    this.#socket = socket;
    this.#stream = stream;
    stream.on("data", (data: Buffer) => {
      this.received = Buffer.concat([this.received, data]);
      this.count += data.length;
      this.#changes.tell();
    });
    const end = (): void => {
      this.ended = true;
      this.#changes.tell();
    };
    stream.on("end", end).on("close", end).on("error", end);
    socket.on("error", end);
  }

  /** Connects, without a word. */
  static async connect(port: number): Promise<RawVisitor> {
    const socket = await dial(port);
    return new RawVisitor(socket, socket);
  }

  /**
   * Connects and makes the TLS handshake.
   *
   * @throws {Error} if it fails.
   */
  static async open(
    { port, pem }: { port: number; pem: string },
    protocol = "http/1.1",
  ): Promise<RawVisitor> {
    const socket = await dial(port);
    const secure = tls.connect({
      socket,
      servername: HOSTNAME,
      ca: pem,
      ALPNProtocols: [protocol],
      allowHalfOpen: true,
    } as tls.ConnectionOptions);
    const visitor = new RawVisitor(socket, secure);
    await new Promise<void>((resolve, reject) => {
      secure.once("secureConnect", resolve);
      secure.once("error", reject);
      secure.once("close", () => reject(new Error("Cannot visit: closed within the handshake")));
    });
    return visitor;
  }

  /** Sends bytes, or characters that are one each; does not wait for them to be taken. */
  send(what: string | Uint8Array): void {
    this.#stream.write(typeof what === "string" ? Buffer.from(what, "latin1") : what);
  }

  /** Sends bytes, and waits until they were taken or the connection is gone. */
  async sendAll(what: Uint8Array): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#stream.write(what, () => resolve());
      this.#stream.once("close", resolve);
    });
  }

  /** Waits for so many bytes; rejects if they cannot come any more. */
  async bytes(count: number): Promise<void> {
    await this.#changes.until(() => this.received.length >= count || this.ended);
    if (this.received.length < count) throw new Error(`Cannot read: ended after ${this.count}`);
  }

  /** Waits for a text and takes everything up to it; rejects if it cannot come any more. */
  async upTo(mark: string): Promise<string> {
    await this.#changes.until(() => this.received.includes(mark) || this.ended);
    const at = this.received.indexOf(mark);
    if (at === -1) throw new Error(`Cannot read: ended after ${this.received.toString("latin1")}`);
    const taken = this.received.subarray(0, at + mark.length);
    this.received = this.received.subarray(taken.length);
    return taken.toString("latin1");
  }

  /** Waits for the end. */
  async end(): Promise<void> {
    await this.#changes.until(() => this.ended);
  }

  /** Resets the connection. */
  reset(): void {
    this.#socket.resetAndDestroy();
    this.#stream.destroy();
  }

  /** Ends its side, and goes on reading. */
  endSide(): void {
    this.#stream.end();
  }

  /** Closes at once, both sides. */
  close(): void {
    this.#stream.destroy();
    this.#socket.destroy();
  }
}

function dial(port: number): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: "127.0.0.1", port, allowHalfOpen: true }, () => {
      socket.off("error", reject);
      resolve(socket);
    });
    socket.setNoDelay(true);
    socket.once("error", reject);
  });
}
