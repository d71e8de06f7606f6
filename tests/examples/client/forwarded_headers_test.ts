import assert from "node:assert/strict";
import { endToEnd, forwardedHeaders } from "../../../examples/client/forwarded_headers.ts";

Deno.test("forwardedHeaders() says nothing of a visitor whose address is not known", () => {
  const request = new Request("https://kaylee.example:4430/", {
    headers: { "X-Forwarded-For": "192.0.2.1", "X-Forwarded-Port": "1", Via: "x", A: "b" },
  });
  const gone = new AbortController().signal;
  assert.deepEqual(forwardedHeaders(request, { address: undefined, gone }), {
    a: "b",
    "x-forwarded-host": "kaylee.example:4430",
    "x-forwarded-proto": "https",
  });
  const { "x-forwarded-for": address } = forwardedHeaders(request, {
    address: "2001:db8::1",
    gone,
  });
  assert.equal(address, "2001:db8::1");
});

Deno.test("endToEnd() drops what belongs to one connection", () => {
  assert.deepEqual(
    endToEnd([
      ["Connection", "Keep-Alive, X-One"],
      ["connection", "x-two"],
      ["Keep-Alive", "1"],
      ["X-One", "1"],
      ["X-Two", "2"],
      ["Transfer-Encoding", "chunked"],
      ["TE", "trailers"],
      ["Set-Cookie", "a=1"],
      ["Set-Cookie", "b=2"],
    ]),
    [["set-cookie", "a=1"], ["set-cookie", "b=2"]],
  );
});
