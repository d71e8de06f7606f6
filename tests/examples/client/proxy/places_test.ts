import assert from "node:assert/strict";
import { appFronted, until } from "../front/fronted.ts";
import { HttpExchange } from "../http_exchange.ts";

Deno.test("upstreamHandler() shares connections to the app between addresses, and gets them back", () => {
  const over = Promise.withResolvers<void>();
  let waiting = 0;
  return appFronted(async (exchange) => {
    const head = await exchange.head();
    if (head.startsWith("GET /wait ")) {
      waiting++;
      await over.promise;
    }
    await exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  }, async ({ visit }) => {
    async function ask(path: string, from: string): Promise<number> {
      return (await new HttpExchange(await visit(["http/1.1"], from)).get(path)).status;
    }
    const slow = [ask("/wait", "203.0.113.1"), ask("/wait", "203.0.113.1")];
    await until(() => waiting === 2);
    assert.equal(await ask("/", "203.0.113.1"), 503);
    assert.equal(await ask("/", "203.0.113.2"), 200);
    over.resolve();
    assert.deepEqual(await Promise.all(slow), [200, 200]);
    assert.equal(await ask("/", "203.0.113.1"), 200);
  }, { maxConnections: 4 });
});
