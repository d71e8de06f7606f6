import { acceptLoop } from "../../../lib/net/accept_loop.ts";
import { closeQuietly, writeAll } from "../../../lib/net/splice.ts";
import { Random } from "../random.ts";
import { answerCase } from "./messages.ts";

/** What good visitors ask for, and get. */
export const GOOD_PATH = "/good-visitor";
export const GOOD_BODY = "good";

const GOOD = `HTTP/1.1 200 OK\r\nContent-Length: ${GOOD_BODY.length}\r\n\r\n${GOOD_BODY}`;

/** An app that answers good visitors well, and all others in any way. */
export class FuzzApp implements Disposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #over = new AbortController();
  readonly #seed: number;
  #answers = 0;

  constructor(seed: number) {
    this.#seed = seed;
    acceptLoop({
      accept: () => this.#listener.accept(),
      onConnection: (conn) =>
        void this.#serve(conn).catch(() => {}).finally(() => closeQuietly(conn)),
      onError() {},
      signal: this.#over.signal,
    });
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  [Symbol.dispose](): void {
    this.#over.abort();
    this.#listener.close();
  }

  async #serve(conn: Deno.TcpConn): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    const n = await conn.read(buffer);
    if (n === null) return;
    const text = new TextDecoder("latin1").decode(buffer.subarray(0, n));
    if (text.includes(` ${GOOD_PATH} `)) {
      return await writeAll(conn, new TextEncoder().encode(GOOD));
    }
    await writeAll(conn, answerCase(new Random(~this.#seed, this.#answers++)));
  }
}
