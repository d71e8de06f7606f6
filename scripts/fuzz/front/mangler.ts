import { acceptLoop } from "../../../lib/net/accept_loop.ts";
import { closeQuietly, type Duplex, splice, writeAll } from "../../../lib/net/splice.ts";
import { mutate } from "../mutate.ts";
import type { Random } from "../random.ts";

/** Where the damage begins at most: within the handshake or the first requests behind it, bytes. */
const MAX_OFFSET = 2_500;

/** Records that nobody expects there: alerts, a torn one, an empty one, data before its time. */
const RECORDS: Uint8Array[] = [
  [0x15, 3, 3, 0, 2, 2, 0x28],
  [0x15, 3, 3, 0, 2, 1, 0],
  [0x15, 3, 3, 0, 2],
  [0x16, 3, 3, 0, 0],
  [0x16, 3, 3, 0, 4, 1, 0, 0, 0],
  [0x17, 3, 3, 0, 5, 1, 2, 3, 4, 5],
  [0x14, 3, 3, 0, 1, 1],
  [0x18, 3, 3, 0, 3, 1, 0xff, 0xff],
  [0x16, 3, 3, 0xff, 0xff],
].map((bytes) => Uint8Array.from(bytes));

/**
 * A way to the front on which what visitors send is damaged from some byte on: they shake hands well, and what comes
 * of their records is not what they said.
 */
export class Mangler implements Disposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #front: number;
  readonly #over = new AbortController();
  readonly #randoms = new Map<number, Random>();
  readonly #connecting = new Set<Promise<unknown>>();

  /** @param front the port that it leads to. */
  constructor(front: number) {
    this.#front = front;
    acceptLoop({
      accept: () => this.#listener.accept(),
      onConnection: (conn) => void this.#serve(conn),
      onError() {},
      signal: this.#over.signal,
    });
  }

  /** Connects on a way that is damaged as `random` has it. */
  async connect(random: Random): Promise<Deno.TcpConn> {
    const opening = Deno.connect({ hostname: "127.0.0.1", port: this.#listener.addr.port })
      .then((conn) => {
        this.#randoms.set(conn.localAddr.port, random);
        return conn;
      });
    this.#connecting.add(opening);
    return await opening.finally(() => this.#connecting.delete(opening));
  }

  [Symbol.dispose](): void {
    this.#over.abort();
    this.#listener.close();
  }

  async #serve(visitor: Deno.TcpConn): Promise<void> {
    await Promise.allSettled(this.#connecting);
    const { port } = visitor.remoteAddr;
    const random = this.#randoms.get(port);
    this.#randoms.delete(port);
    try {
      const front = await Deno.connect({ hostname: "127.0.0.1", port: this.#front });
      await splice(visitor, random === undefined ? front : damaging(front, random));
    } catch {
      // One of them is gone.
    } finally {
      closeQuietly(visitor);
    }
  }
}

/** A connection that says another thing from some byte on. */
function damaging(conn: Duplex, random: Random): Duplex {
  let clean = random.below(MAX_OFFSET);
  let damaged = false;
  return {
    read: (p) => conn.read(p),
    async write(p) {
      if (damaged || p.length <= clean) {
        clean -= damaged ? 0 : p.length;
        await writeAll(conn, p);
        return p.length;
      }
      damaged = true;
      await writeAll(conn, p.subarray(0, clean));
      const rest = p.subarray(clean);
      switch (random.below(5)) {
        case 0:
          await writeAll(conn, random.pick(RECORDS));
          await writeAll(conn, rest);
          break;
        case 1:
          for (const byte of rest.subarray(0, 200)) await writeAll(conn, Uint8Array.of(byte));
          await writeAll(conn, rest.subarray(200));
          break;
        case 2:
          await conn.closeWrite();
          break;
        default:
          await writeAll(conn, mutate(rest, random, RECORDS));
      }
      return p.length;
    },
    closeWrite: () => conn.closeWrite(),
    close: () => conn.close(),
  };
}
