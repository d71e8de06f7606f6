/** How long the relay's event loop keeps a small question waiting; see {@linkcode LoadProcess}. */
import { writeAll } from "../../../lib/net/splice.ts";
import { answerCalls } from "../load_process.ts";
import { quantile } from "../numbers.ts";

const REQUEST = new TextEncoder().encode("GET /healthz HTTP/1.1\r\nHost: relay\r\n\r\n");

/** Time between two questions. */
const EVERY_MS = 20;

await answerCalls({
  /** Asks `/healthz` on one open connection, and tells how long the answers took. */
  async probe({ port, seconds }: { port: number; seconds: number }) {
    using conn = await Deno.connect({ hostname: "127.0.0.1", port });
    conn.setNoDelay(true);
    const answer = new Uint8Array(4096);
    const times: number[] = [];
    const until = performance.now() + seconds * 1000;
    while (performance.now() < until) {
      const began = performance.now();
      await writeAll(conn, REQUEST);
      if (await conn.read(answer) === null) throw new Error("ended by the relay");
      times.push(performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
    return { p50: quantile(times, 0.5), p99: quantile(times, 0.99), longest: Math.max(...times) };
  },
});
