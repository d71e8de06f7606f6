import { Buffer } from "node:buffer";
import { type HostPort, writeHostPort } from "../config/values.ts";
import { networkCause } from "../net/network_cause.ts";
import { closeQuietly, writeAll } from "../net/splice.ts";
import { failure } from "./try_again.ts";

/** A TCP connection to a DNS server; its owner closes it. */
export interface DnsConnection extends Disposable {
  /** Sends one message. */
  send(message: Buffer): Promise<void>;
  /**
   * Receives the next one.
   *
   * @param maxBytes how long it may be. @default {what its length can say, 65,535}
   */
  receive(maxBytes?: number): Promise<Buffer>;
}

/**
 * Opens a connection on which each message has its length before it (RFC 1035 section 4.2.2).
 *
 * @param over closes it, such as after some time; whatever is awaited of it then fails.
 * @param setting what names the server, for whoever mends it; none where that is not the operator's.
 * @throws {Error} with the cause and the fix, as its methods do; a `PassingError` where that may pass.
 */
export async function openDnsConnection(
  server: HostPort,
  over: AbortSignal,
  setting?: string,
): Promise<DnsConnection> {
  const { host: hostname, port } = server;

  /** Does something with the connection, and says what went wrong. */
  async function told<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      const { why, ...kind } = networkCause(over.aborted ? over.reason : error);
      const named = setting === undefined ? "" : ` (${setting})`;
      const message = `Cannot reach the DNS server at ${writeHostPort(server)}: ${why}${named}`;
      throw failure(message, { ...kind, cause: error });
    }
  }

  const conn = await told(() => Deno.connect({ hostname, port, signal: over }));
  const close = (): void => closeQuietly(conn);
  over.addEventListener("abort", close, { once: true });

  async function read(length: number): Promise<Buffer> {
    const bytes = Buffer.alloc(length);
    for (let at = 0; at < length;) {
      const count = await conn.read(bytes.subarray(at));
      if (count === null) throw new Error("connection closed");
      at += count;
    }
    return bytes;
  }

  return {
    send(message) {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(message.length);
      return told(() => writeAll(conn, Buffer.concat([length, message])));
    },
    async receive(maxBytes = 65_535) {
      const length = (await told(() => read(2))).readUInt16BE();
      if (length > maxBytes) throw new RangeError(`its answer is longer than ${maxBytes} bytes`);
      return await told(() => read(length));
    },
    [Symbol.dispose](): void {
      over.removeEventListener("abort", close);
      close();
    },
  };
}
