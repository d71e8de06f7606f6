import assert from "node:assert/strict";
import { connectUpstream, parseUpstream } from "../../../../examples/client/proxy/upstream.ts";

Deno.test("parseUpstream() takes a number alone for a port or for nothing, never for an address", () => {
  for (const port of ["80", " 80\n", "080", "http://80", "http://80/"]) {
    assert.equal(parseUpstream(port).host, "127.0.0.1", port);
  }
  for (
    const none of [
      ...["0", "0x50", "http://0x50:80", "65536", "-1", "a b", ""],
      ...["127.1:80", "10.1", "http://1.2.3", "127.0.0.0x1", "0127.0.0.1:80", "1.2.3.4.5"],
      ...["80:8000", "http://80:8000/", "010:80", "2130706433:80", "80:"],
    ]
  ) {
    assert.throws(() => parseUpstream(none), /is no address of an app/, none);
  }
  assert.equal(parseUpstream("0x50.example:80").hostname, "0x50.example");
  assert.equal(parseUpstream("10.0.0.1:80").hostname, "10.0.0.1");
  assert.equal(parseUpstream("1.example").hostname, "1.example");
});

Deno.test("connectUpstream() over TLS leaves nothing behind for a visitor who is gone", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const upstream = parseUpstream(`https://127.0.0.1:${listener.addr.port}`);
  // A rejection that nobody handles would fail this test.
  await assert.rejects(connectUpstream(upstream, {}, AbortSignal.abort()), { name: "AbortError" });
  await new Promise((resolve) => setTimeout(resolve));
  listener.close();
});
