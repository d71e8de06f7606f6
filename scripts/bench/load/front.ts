/** The client's front without a relay before it, by either of its TLS ends; see {@linkcode LoadProcess}. */
import { createLog } from "../../../lib/log.ts";
import { acceptLoop } from "../../../lib/net/accept_loop.ts";
import { openDenoTlsEnd } from "../../../examples/client/front/deno_tls_end.ts";
import { Front } from "../../../examples/client/front/front.ts";
import { openNodeTlsEnd } from "../../../examples/client/front/node_tls_end.ts";
import { siteHandler } from "../../../examples/client/front/site.ts";
import { staticFiles } from "../../../examples/client/static_files.ts";
import { answerCalls } from "../load_process.ts";

const TLS_ENDS = { node: openNodeTlsEnd, deno: openDenoTlsEnd };

function warn(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}

await answerCalls({
  /** Serves a folder with the key and certificate of a PEM file; returns the port. */
  async serve(
    { end, site, identity }: { end: keyof typeof TLS_ENDS; site: string; identity: string },
  ) {
    const log = createLog({ level: "error", write: warn });
    const pem = await Deno.readTextFile(identity);
    const secrets = await Deno.makeTempDir();
    const handler = siteHandler(await staticFiles(site, secrets, log));
    await Deno.remove(secrets);
    const front = new Front({ handler, log, openTlsEnd: TLS_ENDS[end] });
    await front.use({ key: pem, chain: pem });
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    acceptLoop({
      accept: () => listener.accept(),
      onConnection(conn) {
        conn.setNoDelay(true);
        front.serve({ conn, head: new Uint8Array(), visitor: { address: "203.0.113.9", port: 0 } });
      },
      onError: (error) => log.error("Cannot accept", { error }),
      signal: new AbortController().signal,
    });
    return { port: listener.addr.port };
  },
});
