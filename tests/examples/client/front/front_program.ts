/**
 * A front with a web app behind it in a process of its own, so that its descriptors, its memory and its
 * end can be looked at from outside.
 *
 * Arguments: the app's port, and limits as JSON. Writes a line of JSON once visitors may come, and another
 * for every line that it reads, "weigh" with its garbage collected before; at the end of its input it stops,
 * and ends by itself if nothing is left open.
 */
import { createLog } from "../../../../lib/log.ts";
import { acceptLoop } from "../../../../lib/net/accept_loop.ts";
import { linesOf } from "../../../../lib/net/lines.ts";
import { logUncaught } from "../../../../lib/net/uncaught.ts";
import { Front } from "../../../../examples/client/front/front.ts";
import { VISITOR_LIMITS } from "../../../../examples/client/front/limits.ts";
import { upstreamHandler } from "../../../../examples/client/proxy/pass.ts";
import { parseUpstream } from "../../../../examples/client/proxy/upstream.ts";
import { Authority } from "../../../../examples/conformance/authority.ts";
import { collectGarbage } from "../../../../scripts/soak/collect.ts";
import { HOSTNAME } from "./fronted.ts";

/** How long open answers may take at the end, milliseconds. */
const LEAVING_MS = 200;

if (import.meta.main) {
  const [app, limits] = Deno.args;
  const log = createLog({
    level: Deno.env.get("LOG_LEVEL") === "debug" ? "debug" : "error",
    write: (line) => void Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`)),
  });
  const uncaught = logUncaught(log);
  const authority = await Authority.create();
  const { cert, key } = await authority.pair([HOSTNAME]);
  /** Requests that are being answered. */
  let answering = 0;
  const handler = upstreamHandler({ upstream: parseUpstream(app!), log });
  const front = new Front({
    async handler(exchange) {
      answering++;
      // A bug of ours, in a callback of this one's request.
      if (exchange.request.target === "/bug") {
        setTimeout(() => {
          throw new Error("a bug that a test asked for");
        });
      }
      await handler(exchange).finally(() => answering--);
    },
    log,
    limits: { ...VISITOR_LIMITS, ...JSON.parse(limits ?? "{}") },
  });
  await front.use({ chain: cert, key });
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const over = new AbortController();
  let visitors = 0;
  acceptLoop({
    accept: () => listener.accept(),
    onConnection(conn) {
      const visitor = { address: `192.0.2.${visitors++ % 250}`, port: 0 };
      front.serve({ conn, head: new Uint8Array(), visitor });
    },
    onError: (error) => log.error("Cannot accept", { error }),
    signal: over.signal,
  });
  const say = (what: unknown): void =>
    void Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(what)}\n`));
  say({ port: listener.addr.port, pem: authority.pem });
  for await (const asked of linesOf(Deno.stdin.readable)) {
    if (asked === "weigh") collectGarbage();
    const { rss } = Deno.memoryUsage();
    say({
      connections: front.connections,
      answering,
      uncaught: uncaught.count,
      visitors,
      rss,
    });
  }
  over.abort();
  listener.close();
  await front.stop(LEAVING_MS);
  uncaught.stop();
}
