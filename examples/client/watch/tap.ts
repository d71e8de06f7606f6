import { closeQuietly, splice } from "../../../lib/net/splice.ts";
import { Beginning, kept } from "./first_bytes.ts";

/** A way to a server over a loopback port of this program, on which the first bytes are kept. */
export interface Tap extends Disposable {
  /** On 127.0.0.1; takes one connection. */
  port: number;
  began: Beginning;
}

/**
 * Makes a way to a server: TLS of the runtime does not show what it sends.
 *
 * @throws {Error} if the server does not take the connection, or on abort.
 */
export async function openTap(hostname: string, port: number, signal: AbortSignal): Promise<Tap> {
  using opened = new DisposableStack();
  const listener = opened.use(Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const outside = opened.use(await Deno.connect({ hostname, port, signal }));
  const began = new Beginning();
  const passing = listener.accept().then((inner) =>
    splice(kept(inner, began), outside, { signal })
  );
  passing.catch(() => closeQuietly(outside));
  const tap = opened.move();
  return {
    port: listener.addr.port,
    began,
    [Symbol.dispose]: () => tap.dispose(),
  };
}
