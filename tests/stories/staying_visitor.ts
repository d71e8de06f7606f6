import { closeQuietly } from "../../lib/net/splice.ts";
import { BASE, type Relay } from "./relay.ts";

/** The page that stories of hand-overs and stops are about. */
export const HOST = `kaylee.${BASE}`;

/** A visitor of {@linkcode HOST} who keeps the connection. */
export interface StayingVisitor extends Disposable {
  /** Asks for a page. */
  ask(path: string): Promise<void>;
  /** What comes next; empty at the end, which ends this side as well, as browsers do. */
  answer(): Promise<string>;
  /**
   * Asks for a page's head, and tells the answer's first line.
   *
   * @throws {Error} where the connection was lost before.
   */
  status(): Promise<string>;
}

/** Opens a visitor's connection, over HTTP/1.1. */
export async function stayingVisitor(relay: Relay): Promise<StayingVisitor> {
  return (await silentVisitor(relay)).greet();
}

/** Opens a visitor's connection, who says nothing before they are told to. */
export async function silentVisitor(
  { ports, ca }: Relay,
): Promise<{ greet(): Promise<StayingVisitor>; close(): void }> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: ports.hub! });
  return { greet: () => greet(conn, ca), close: () => closeQuietly(conn) };
}

async function greet(conn: Deno.TcpConn, ca: string): Promise<StayingVisitor> {
  const tls = await Deno.startTls(conn, { hostname: HOST, caCerts: [ca] });
  const buffer = new Uint8Array(64 * 1024);
  async function send(method: string, path: string): Promise<void> {
    const request = `${method} ${path} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
    await tls.write(new TextEncoder().encode(request));
  }
  async function next(): Promise<string> {
    const n = await tls.read(buffer);
    if (n === null) closeQuietly(tls);
    return new TextDecoder().decode(buffer.subarray(0, n ?? 0));
  }
  return {
    ask: (path) => send("GET", path),
    answer: () =>
      next().catch(() => {
        closeQuietly(tls);
        return "";
      }),
    async status() {
      await send("HEAD", "/");
      return (await next()).split("\r\n")[0]!;
    },
    [Symbol.dispose]: () => closeQuietly(tls),
  };
}
