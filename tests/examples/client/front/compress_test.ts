import assert from "node:assert/strict";
import { compressed } from "../../../../examples/client/front/compress.ts";
import type { Field } from "../../../../examples/client/http/fields.ts";

const TEXT = "compressible ".repeat(1000);

function answer(fields: Field[], response: Response, method = "GET"): Response {
  return compressed({ method, fields }, response);
}

function page(headers: Record<string, string> = {}, body: BodyInit | null = TEXT): Response {
  return new Response(body, { headers: { "content-type": "text/html", ...headers } });
}

const GZIP: Field[] = [["Accept-Encoding", "gzip, br"]];

Deno.test("compressed() compresses what is text for who takes it, and says so", async () => {
  const response = answer(GZIP, page({ "content-length": String(TEXT.length), etag: '"a"' }));
  assert.equal(response.headers.get("content-encoding"), "gzip");
  assert.equal(response.headers.get("content-length"), null);
  assert.equal(response.headers.get("vary"), "Accept-Encoding");
  assert.equal(response.headers.get("etag"), 'W/"a"');
  const bytes = new Uint8Array(await response.clone().arrayBuffer());
  assert.ok(bytes.length < TEXT.length / 10);
  const back = response.body!.pipeThrough(new DecompressionStream("gzip"));
  assert.equal(await new Response(back).text(), TEXT);
});

Deno.test("compressed() compresses for whom gzip is good, and for nobody else", async () => {
  const takes = ["gzip", "GZIP", "*", "br, gzip;q=0.1", "gzip; q=1.0", "identity, *;q=0.5"];
  const not = ["", "br", "gzip;q=0", "gzip;q=0.000", "identity", "xgzip", "*;q=0"];
  for (const [values, encoding] of [[takes, "gzip"], [not, null]] as const) {
    for (const value of values) {
      const response = answer([["accept-encoding", value]], page());
      assert.equal(response.headers.get("content-encoding"), encoding, value);
      // Caches have to know either way.
      assert.equal(response.headers.get("vary"), "Accept-Encoding");
      await response.body?.cancel();
    }
  }
});

Deno.test("compressed() leaves alone what gains nothing", async () => {
  const alone = [
    page({ "content-type": "image/png" }),
    page({ "content-type": "text/event-stream" }),
    page({ "content-encoding": "br" }),
    page({ "content-length": "1023" }),
    new Response(TEXT, { headers: { "content-type": "" } }),
  ];
  for (const response of alone) {
    const same = answer(GZIP, response);
    assert.equal(same, response);
    await same.body?.cancel();
  }
});

Deno.test("compressed() keeps a part, an error and what has no body as they are", async () => {
  for (const status of [206, 404]) {
    const response = answer(
      GZIP,
      new Response(TEXT, { status, headers: { "content-type": "text/html", etag: '"a"' } }),
    );
    assert.equal(response.headers.get("content-encoding"), null);
    assert.equal(response.headers.get("etag"), '"a"');
    await response.body?.cancel();
  }
});

Deno.test("compressed() has a part vary where the whole does, however small it is", () => {
  for (const [whole, vary] of [[5000, "Accept-Encoding"], [1000, null]] as const) {
    const headers = {
      "content-type": "text/html",
      "content-length": "10",
      "content-range": `bytes 0-9/${whole}`,
    };
    const response = answer(GZIP, new Response("0123456789", { status: 206, headers }));
    assert.equal(response.headers.get("vary"), vary);
  }
});

Deno.test("compressed() tells HEAD what GET would get", () => {
  const response = answer(GZIP, page({ "content-length": "5000" }, null), "HEAD");
  assert.equal(response.headers.get("content-encoding"), "gzip");
  assert.equal(response.headers.get("content-length"), null);
  assert.equal(response.body, null);
});

Deno.test("compressed() has a 304 say of caching what the whole answer says", () => {
  const notModified = () =>
    new Response(null, { status: 304, headers: { "content-type": "text/html", etag: '"a"' } });
  const { headers } = answer(GZIP, notModified());
  assert.deepEqual([headers.get("vary"), headers.get("etag")], ["Accept-Encoding", 'W/"a"']);
  assert.equal(headers.get("content-encoding"), null);
  const plain = answer([], notModified()).headers;
  assert.deepEqual([plain.get("vary"), plain.get("etag")], ["Accept-Encoding", '"a"']);
});
