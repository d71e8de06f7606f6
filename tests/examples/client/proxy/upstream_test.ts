import assert from "node:assert/strict";
import { connectUpstream, parseUpstream } from "../../../../examples/client/proxy/upstream.ts";

Deno.test("connectUpstream() over TLS leaves nothing behind for a visitor who is gone", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const upstream = parseUpstream(`https://127.0.0.1:${listener.addr.port}`);
  // A rejection that nobody handles would fail this test.
  await assert.rejects(connectUpstream(upstream, {}, AbortSignal.abort()), { name: "AbortError" });
  await new Promise((resolve) => setTimeout(resolve));
  listener.close();
});
