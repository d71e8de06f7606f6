import { acceptLoop } from "../../lib/net/accept_loop.ts";
import { Wire } from "./wire.ts";

/** What the app does with a connection, which is closed after it. */
export type Script = (wire: Wire) => Promise<void>;

/**
 * A web app on a raw socket: it says just what the script of the moment says, and every byte that
 * it got can be looked at.
 */
export class App implements Disposable {
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #stopping = new AbortController();
  #script: Script | undefined;
  #wires: Wire[] = [];

  constructor() {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    acceptLoop({
      accept: () => this.#listener.accept(),
      onConnection: (conn) => void this.#serve(conn as Deno.TcpConn),
      onError() {},
      signal: this.#stopping.signal,
    });
  }

  /** Connections since the script began. */
  get wires(): readonly Wire[] {
    return this.#wires;
  }

  /** Closes what is open, and runs this for every connection from now on. */
  play(script: Script | undefined): void {
    for (const wire of this.#wires) wire.close();
    this.#wires = [];
    this.#script = script;
  }

  [Symbol.dispose](): void {
    this.play(undefined);
    this.#stopping.abort();
    this.#listener.close();
  }

  async #serve(conn: Deno.TcpConn): Promise<void> {
    conn.setNoDelay(true);
    const wire = new Wire(conn);
    this.#wires.push(wire);
    try {
      await this.#script?.(wire);
    } catch {
      // The other side is gone, or the script's time is over.
    } finally {
      wire.close();
    }
  }
}
