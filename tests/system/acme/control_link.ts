import { Buffer } from "node:buffer";
import tls from "node:tls";

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** A message of the control protocol. */
export type Message = { type: string } & Record<string, unknown>;

/** A control WebSocket. */
export interface ControlLink {
  send(message: Message): void;
  /** The next message of this type; those before it are dropped. */
  next(type: string): Promise<Message>;
  isOpen(): boolean;
  close(): void;
}

/**
 * Opens the control WebSocket (RFC 6455) through a TLS port and waits for `online`.
 *
 * By hand, since Deno's own looks the host's name up first, whatever proxy it is given, and the
 * names of this test are in no resolver.
 */
export async function openControlLink(
  port: number,
  hostname: string,
  options: { token: string; ca: string },
): Promise<ControlLink> {
  const socket = tls.connect({
    host: "127.0.0.1",
    port,
    servername: hostname,
    ca: options.ca,
    ALPNProtocols: ["http/1.1"],
  });
  const messages: Message[] = [];
  let bytes = Buffer.alloc(0);
  let upgraded = false;
  let ended: string | undefined;
  let wake = (): void => {};

  function frame(opcode: number, payload: Uint8Array): void {
    // Masked with zeros: allowed, if useless; short payloads only.
    socket.write(Buffer.concat([
      Buffer.of(0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0),
      payload,
    ]));
  }

  function end(why: string): void {
    ended ??= why;
    wake();
  }

  function onFrame(opcode: number, payload: Buffer): void {
    if (opcode === TEXT) messages.push(JSON.parse(payload.toString()) as Message);
    if (opcode === PING) frame(PONG, payload);
    if (opcode === CLOSE) end(`closed by the relay: ${payload.subarray(2)}`);
  }

  socket.once("secureConnect", () =>
    socket.write([
      "GET /v1/control HTTP/1.1",
      `Host: ${hostname}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
      "Sec-WebSocket-Protocol: glosson.v1",
      `Authorization: Bearer ${options.token}`,
      "\r\n",
    ].join("\r\n")));
  socket.on("data", (part: Buffer) => {
    bytes = Buffer.concat([bytes, part]);
    if (!upgraded) {
      const head = bytes.indexOf("\r\n\r\n");
      if (head < 0) return;
      const text = bytes.toString("latin1", 0, head);
      if (!text.startsWith("HTTP/1.1 101")) return end(`not upgraded: ${text}`);
      upgraded = true;
      bytes = bytes.subarray(head + 4);
    }
    for (;;) {
      const short = bytes.length < 2 ? 0 : bytes[1]! & 0x7f;
      const start = short === 126 ? 4 : 2;
      if (bytes.length < start) break;
      const length = short === 126 ? bytes.readUInt16BE(2) : short;
      if (bytes.length < start + length) break;
      onFrame(bytes[0]! & 0x0f, bytes.subarray(start, start + length));
      bytes = bytes.subarray(start + length);
    }
    wake();
  });
  socket.once("error", (error) => end(String(error)));
  socket.once("close", () => end("closed"));

  const link: ControlLink = {
    send: (message) => frame(TEXT, new TextEncoder().encode(JSON.stringify(message))),
    async next(type) {
      for (;;) {
        const message = messages.shift();
        if (message?.type === type) return message;
        if (message !== undefined) continue;
        if (ended !== undefined) throw new Error(`No ${type}: ${ended}`);
        await new Promise<void>((resolve) => wake = resolve);
      }
    },
    isOpen: () => ended === undefined,
    close: () => socket.destroy(),
  };
  await link.next("online");
  return link;
}
