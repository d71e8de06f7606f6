import assert from "node:assert/strict";
import { parseUpstream } from "../../../examples/client/proxy/upstream.ts";
import { TlsUpstream } from "../../../examples/client/tls_upstream.ts";
import { createLog } from "../../../lib/log.ts";
import { closeQuietly, writeAll } from "../../../lib/net/splice.ts";
import { bytes } from "../../wire/hello_builder.ts";
import { pipe } from "../../net/pipe.ts";

Deno.test("TlsUpstream passes a visitor's bytes on, and closes the connection once", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const lines: string[] = [];
  const end = new TlsUpstream({
    upstream: parseUpstream(`${listener.addr.port}`),
    proxyProtocol: false,
    maxVisitors: 1,
    identityFile: "identity.pem",
    log: createLog({ level: "debug", write: (line) => lines.push(line) }),
  });
  const [visitor, conn] = pipe();
  const served = end.serve({
    state: "joined",
    conn,
    header: new Uint8Array(0),
    head: bytes("hello"),
  });
  const server = await listener.accept();
  await writeAll(visitor, bytes(", more"));
  await visitor.closeWrite();
  const got = await new Response(server.readable).text();
  await served;
  closeQuietly(server);
  assert.equal(got, "hello, more");
  assert.equal(conn.closes, 1);
  assert.deepEqual(lines, []);
  assert.equal(end.connections, 0);
});
