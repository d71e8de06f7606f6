import type { Duplex } from "../../../lib/net/splice.ts";
import { ClientHelloReader } from "../../../lib/wire/client_hello.ts";

/** Bytes that are read at once: a browser's hello has near 2,000. */
const READ_BYTES = 4096;

/** What a connection begins with. */
export interface Opening {
  /** Every byte that was read, to be passed on first. */
  head: Uint8Array;
  /** The name that is asked for, lower case; absent where none is, or this is no hello. */
  serverName?: string;
  /** Protocols offered by ALPN (RFC 7301). */
  alpn: string[];
}

/**
 * Reads until a ClientHello is complete, or is none: what is wrong with it, the TLS server says.
 *
 * @param head what was read of the connection already.
 */
export async function readHello(conn: Duplex, head: Uint8Array): Promise<Opening> {
  const reader = new ClientHelloReader();
  let result = reader.push(head);
  const parts = [head];
  while (result.state === "more") {
    const buffer = new Uint8Array(READ_BYTES);
    const count = await conn.read(buffer);
    if (count === null) break;
    parts.push(buffer.subarray(0, count));
    result = reader.push(parts.at(-1)!);
  }
  const all = new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
  if (result.state !== "hello") return { head: all, alpn: [] };
  const { serverName, alpn } = result;
  return { head: all, alpn, ...(serverName !== undefined && { serverName }) };
}
