import { closeQuietly, splice } from "../../lib/net/splice.ts";

/** A port of 127.0.0.1 whose queue is full, so that what comes is dropped as by a firewall. */
export async function droppingPort(): Promise<Disposable & { port: number }> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 0 });
  const { port } = listener.addr;
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  return {
    port,
    [Symbol.dispose]() {
      closeQuietly(conn);
      closeQuietly(listener);
    },
  };
}

/** Passes connections to one port of 127.0.0.1 on to another. */
export function forward(from: number, to: number): AsyncDisposable {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: from });
  const conns: Deno.Conn[] = [];
  const passing: Promise<unknown>[] = [];
  const accepting = (async () => {
    for await (const conn of listener) {
      const onward = await Deno.connect({ hostname: "127.0.0.1", port: to });
      conns.push(conn, onward);
      passing.push(splice(conn, onward));
    }
  })().catch(() => {});
  return {
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      conns.forEach(closeQuietly);
      await Promise.all(passing);
    },
  };
}
