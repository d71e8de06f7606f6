import { splice } from "../../../lib/net/splice.ts";

/** An HTTP proxy that takes every name to this machine, in the place of a resolver. */
export interface LoopbackProxy extends AsyncDisposable {
  /** For `HTTPS_PROXY`, or `Deno.createHttpClient({ proxy: { url } })`. */
  url: string;
}

/** Starts a CONNECT proxy on loopback; TLS runs through it end to end. */
export function startLoopbackProxy(): LoopbackProxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = new Set<Promise<void>>();
  const ending = new AbortController();

  async function serve(conn: Deno.TcpConn): Promise<void> {
    try {
      let text = "";
      const chunk = new Uint8Array(4096);
      while (!text.endsWith("\r\n\r\n")) {
        const n = await conn.read(chunk);
        if (n === null) return conn.close();
        text += new TextDecoder().decode(chunk.subarray(0, n));
      }
      const port = Number(/^CONNECT \S+:(\d+) /.exec(text)?.[1]);
      const target = await Deno.connect({ hostname: "127.0.0.1", port });
      await conn.write(new TextEncoder().encode("HTTP/1.1 200 Connected\r\n\r\n"));
      await splice(conn, target, { signal: ending.signal });
    } catch {
      // Either end sees its connection closed.
    }
  }

  const accepting = (async () => {
    for await (const conn of listener) {
      const served = serve(conn).finally(() => serving.delete(served));
      serving.add(served);
    }
  })();
  return {
    url: `http://127.0.0.1:${listener.addr.port}`,
    async [Symbol.asyncDispose](): Promise<void> {
      listener.close();
      ending.abort();
      await accepting.catch(() => {});
      await Promise.all(serving);
    },
  };
}
