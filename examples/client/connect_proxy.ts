import { closeQuietly, splice, writeAll } from "../../lib/net/splice.ts";
import { sleep } from "../../lib/net/pause.ts";
import { scheduleTimeout } from "../../lib/net/schedule.ts";

/** Longest request that the proxy reads; it only ever gets a CONNECT line and two headers. */
const MAX_CONNECT_BYTES = 4096;

/** How long the request may take, milliseconds: it comes from this computer. */
const CONNECT_TIMEOUT_MS = 5_000;

/** Most connections at once; who comes then is closed. */
const MAX_CONNECTIONS = 64;

/** Pause after a failed accept, milliseconds. */
const ACCEPT_PAUSE_MS = 50;

/** An HTTP proxy on a loopback port of its own. */
export interface ConnectProxy {
  /** For `Deno.createHttpClient({ proxy: { url } })`. */
  url: string;
  /** Why the last connection was not made: who asked for it learns only that it was not. */
  readonly failure: unknown;
  /** Closes the listener and every connection. */
  close(): void;
}

/** Makes a connection to a host, or tells by undefined that it is not to be reached this way; may reject. */
export type Dial = (
  hostname: string,
  port: number,
  signal: AbortSignal,
) => Promise<Deno.TcpConn> | undefined;

/**
 * Starts a CONNECT proxy that reaches what `dial` does, and nothing else: it opens no way to
 * anywhere else for other local programs. `fetch` and `WebSocket` offer no other way to choose the address of
 * a name. TLS runs through the proxy end to end, so the name is still verified.
 */
export function openConnectProxy(dial: Dial): ConnectProxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const closing = new AbortController();
  let failure: unknown;
  let connections = 0;

  async function acceptAll(): Promise<void> {
    while (true) {
      try {
        serve(await listener.accept());
      } catch (error) {
        if (error instanceof Deno.errors.BadResource || closing.signal.aborted) return;
        // A peer that left in between, or no descriptors left: the latter takes a moment to mend.
        await sleep(ACCEPT_PAUSE_MS, closing.signal);
      }
    }
  }

  async function serve(conn: Deno.TcpConn): Promise<void> {
    if (connections >= MAX_CONNECTIONS) return closeQuietly(conn);
    connections++;
    let relay: Deno.TcpConn | undefined;
    try {
      const target = await readConnect(conn);
      relay = target && await reach(target);
      if (relay === undefined) {
        await writeAll(conn, new TextEncoder().encode("HTTP/1.1 403 Forbidden\r\n\r\n"));
        return;
      }
      for (const end of [conn, relay]) end.setNoDelay(true);
      await writeAll(conn, new TextEncoder().encode("HTTP/1.1 200 Connected\r\n\r\n"));
      await splice(conn, relay, { signal: closing.signal });
    } catch {
      // The caller sees a closed connection and reports that.
    } finally {
      connections--;
      closeQuietly(conn);
      if (relay !== undefined) closeQuietly(relay);
    }
  }

  async function reach(target: Target): Promise<Deno.TcpConn | undefined> {
    try {
      failure = undefined;
      return await dial(target.hostname, target.port, closing.signal);
    } catch (error) {
      failure = error;
      throw error;
    }
  }

  acceptAll();
  return {
    url: `http://127.0.0.1:${listener.addr.port}`,
    get failure() {
      return failure;
    },
    close() {
      closing.abort(new Error("closed"));
      listener.close();
    },
  };
}

/** What is asked for. */
interface Target {
  hostname: string;
  port: number;
}

/** Reads a CONNECT request in time; undefined when it is none. */
async function readConnect(conn: Deno.Conn): Promise<Target | undefined> {
  const callOff = scheduleTimeout(() => closeQuietly(conn), CONNECT_TIMEOUT_MS);
  try {
    return await readTarget(conn);
  } finally {
    callOff();
  }
}

async function readTarget(conn: Deno.Conn): Promise<Target | undefined> {
  const buffer = new Uint8Array(MAX_CONNECT_BYTES);
  let length = 0;
  let text = "";
  while (!text.endsWith("\r\n\r\n")) {
    const n = length === buffer.length ? null : await conn.read(buffer.subarray(length));
    if (n === null) return undefined;
    length += n;
    text = new TextDecoder().decode(buffer.subarray(0, length));
  }
  const match = /^CONNECT (\S+):(\d+) HTTP\/1\.1\r\n/i.exec(text);
  return match === null ? undefined : { hostname: match[1]!, port: Number(match[2]) };
}
