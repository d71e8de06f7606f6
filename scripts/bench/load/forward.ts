/** A port that leads to a server's Unix socket, and holds nothing back; see {@linkcode LoadProcess}. */
import { closeQuietly, splice } from "../../../lib/net/splice.ts";
import { answerCalls } from "../load_process.ts";

async function forward(conn: Deno.TcpConn, path: string): Promise<void> {
  conn.setNoDelay(true);
  try {
    await splice(conn, await Deno.connect({ transport: "unix", path }));
  } catch {
    closeQuietly(conn);
  }
}

await answerCalls({
  /** Takes what comes to a port of all addresses to the socket. */
  open({ port, path }: { port: number; path: string }) {
    const listener = Deno.listen({ hostname: "0.0.0.0", port });
    (async () => {
      for await (const conn of listener) forward(conn, path);
    })();
  },
});
