/**
 * Visitors, each with a time limit, and an origin for them and for the streams of bulk.ts, of which a thread
 * a connection would be too few; see {@linkcode LoadProcess}.
 */
import { acceptLoop } from "../../../lib/net/accept_loop.ts";
import { closeQuietly, writeAll } from "../../../lib/net/splice.ts";
import { sleep } from "../../../lib/net/pause.ts";
import { answerCalls } from "../load_process.ts";
import { decodeOrder, encodeOrder, helloFor, helloLength, ORDER_BYTES } from "./script.ts";

/** How long a visit may take before it counts as failed, milliseconds. */
const TIMEOUT_MS = 10_000;

/** Pause between two tries of a relay that is not there yet. */
const TRY_EVERY_MS = 20;

/** Where visits go, and what of. */
interface Place {
  port: number;
  hostname: string;
  /** Size of the page. */
  bytes: number;
}

/** What the origin sends at once. */
const filler = new Uint8Array(1024 * 1024);

/** Sends what the visitor orders, and closes when they have. */
async function serve(conn: Deno.TcpConn): Promise<void> {
  try {
    conn.setNoDelay(true);
    const opening = new Uint8Array(helloLength + ORDER_BYTES);
    for (let length = 0; length < opening.length;) {
      const n = await conn.read(opening.subarray(length));
      if (n === null) return;
      length += n;
    }
    const { bytes } = decodeOrder(opening.subarray(helloLength));
    for (let left = bytes; left > 0; left -= Math.min(left, filler.length)) {
      await writeAll(conn, filler.subarray(0, left));
    }
    while (await conn.read(opening) !== null);
  } catch {
    // Broken off: the visitor tells what matters.
  } finally {
    closeQuietly(conn);
  }
}

const held: Deno.TcpConn[] = [];
const scratch = new Uint8Array(64 * 1024);

/** Loads a page; `conn` stays open. */
async function load(
  { port, hostname, bytes }: Place,
  limitMs = TIMEOUT_MS,
): Promise<{ firstMs: number; wholeMs: number; conn: Deno.TcpConn }> {
  const began = performance.now();
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const timer = setTimeout(() => closeQuietly(conn), limitMs);
  try {
    conn.setNoDelay(true);
    await writeAll(conn, helloFor(hostname));
    await writeAll(conn, encodeOrder({ kind: "down", bytes }));
    let firstMs = 0;
    for (let left = bytes; left > 0;) {
      const n = await conn.read(scratch.subarray(0, left));
      if (n === null) throw new Error(`ended ${left} bytes early`);
      firstMs ||= performance.now() - began;
      left -= n;
    }
    return { firstMs, wholeMs: performance.now() - began, conn };
  } catch (error) {
    closeQuietly(conn);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

await answerCalls({
  /** Serves connections that a tunnel's client makes. */
  listen() {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1024 });
    acceptLoop({
      accept: () => listener.accept(),
      onConnection: (conn) => void serve(conn),
      onError: ({ message }) => Deno.stderr.writeSync(new TextEncoder().encode(`${message}\n`)),
      signal: new AbortController().signal,
    });
    return { port: listener.addr.port };
  },
  /** Visits, so many at a time, each on a connection of its own. */
  async visits(
    { count, atOnce, limitMs, ...place }: Place & {
      count: number;
      atOnce: number;
      limitMs?: number;
    },
  ) {
    const first: number[] = [];
    const whole: number[] = [];
    let left = count;
    await Promise.all(Array.from({ length: atOnce }, async () => {
      while (left-- > 0) {
        const { firstMs, wholeMs, conn } = await load(place, limitMs);
        conn.close();
        first.push(firstMs);
        whole.push(wholeMs);
      }
    }));
    return { first, whole };
  },
  /** Visitors who stay after their page. */
  async hold({ count, ...place }: Place & { count: number }) {
    for (let i = 0; i < count; i++) held.push((await load(place)).conn);
  },
  /** They leave. */
  release() {
    held.splice(0).forEach(closeQuietly);
  },
  /** Tries until a visit does well; throws when the time is over. */
  async until({ withinMs, ...place }: Place & { withinMs: number }) {
    for (const began = performance.now(); performance.now() - began < withinMs;) {
      try {
        (await load(place, 1_000)).conn.close();
        return;
      } catch {
        await sleep(TRY_EVERY_MS);
      }
    }
    throw new Error(`no visit did well within ${withinMs / 1000} s`);
  },
});
