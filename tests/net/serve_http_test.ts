import assert from "node:assert/strict";
import { SILENT_LOG } from "../../lib/log.ts";
import { superviseHttp } from "../../lib/net/serve_http.ts";

/** A server whose one answer the test gives; and a request to it, which was heard. */
async function asked(stopLimitMs: number) {
  const heard = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Response>();
  const server = superviseHttp({
    name: "test",
    start: () =>
      Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
        heard.resolve();
        return answer.promise;
      }),
    log: SILENT_LOG,
    stopLimitMs,
  });
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: server.address.port });
  await conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  await heard.promise;
  return { server, answer, conn };
}

Deno.test("a server that stops answers the request in progress first", async () => {
  const { server, answer, conn } = await asked(60_000);
  let stopped = false;
  const stopping = server.stop().then(() => stopped = true);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(stopped, false);
  answer.resolve(new Response("at last"));
  await stopping;
  const text = await new Response(conn.readable).text();
  assert.match(text, /^HTTP\/1.1 200 OK\r\n[^]*at last$/);
});

Deno.test("a server that stops waits no longer than its limit for a request", async () => {
  const { server, answer, conn } = await asked(50);
  await server.stop();
  answer.resolve(new Response());
  conn.close();
});
