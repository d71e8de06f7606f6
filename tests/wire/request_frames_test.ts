import assert from "node:assert/strict";
import fc from "fast-check";
import { RequestFrames } from "../../lib/wire/request_frames.ts";
import { bytes } from "./hello_builder.ts";

/**
 * A text with `^` behind each request line that was found and `$` behind each request, whatever it is cut
 * into.
 */
function marked(pieces: string[]): string {
  const frames = new RequestFrames();
  let text = "";
  for (const piece of pieces) {
    for (let from = 0; from < piece.length;) {
      const rest = piece.slice(from);
      const step = frames.push(bytes(rest));
      const { lineEnd = 0, end = rest.length } = step;
      assert.ok(lineEnd <= end && end > 0);
      text += rest.slice(0, lineEnd) + (lineEnd > 0 ? "^" : "") + rest.slice(lineEnd, end);
      from += end;
      if (step.end !== undefined) text += "$";
    }
  }
  return text;
}

/** Requests, each with marks behind its line and at its end. */
const REQUESTS = [
  "GET / HTTP/1.1\r\n^Host: x\r\n\r\n",
  "\r\n\r\nGET / HTTP/1.0\n^\n",
  "POST /a HTTP/1.1\r\n^Host: x\r\nContent-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n",
  "POST /a HTTP/1.1\r\n^CONTENT-LENGTH:0\r\n\r\n",
  "PUT /b HTTP/1.1\r\n^Transfer-Encoding: chunked\r\n\r\n5\r\nGET /\r\n1e;x=y\r\n" +
  "0\r\n\r\nDELETE / HTTP/1.1\r\n\r\nabcd\r\n0\r\nTrailer: GET /\r\n\r\n",
  `GET /${"x".repeat(300)} HTTP/1.1\r\n^Cookie: ${"y".repeat(900)}\r\nContent-Length: 3\r\n\r\nGET`,
  "HEAD / HTTP/1.1\r\n^X: content-length: 7\r\nUpgrade: h2c\r\n\r\n",
];

Deno.test("RequestFrames finds each request's line, and none in a body, however they are cut", () => {
  const requests = fc.array(fc.constantFrom(...REQUESTS), { minLength: 1, maxLength: 6 });
  const cuts = fc.array(fc.nat(), { maxLength: 20 });
  fc.assert(fc.property(requests, cuts, (chosen, at) => {
    const expected = chosen.join("$") + "$";
    const text = chosen.join("").replaceAll("^", "");
    const ends = [...at.map((cut) => cut % (text.length + 1)), text.length].sort((a, b) => a - b);
    const pieces = ends.map((end, i) => text.slice(ends[i - 1] ?? 0, end));
    assert.equal(marked(pieces), expected);
    assert.equal(marked([...text]), expected);
  }));
});

Deno.test("RequestFrames finds nothing behind an upgrade, nor behind what it cannot follow", () => {
  const after = "GET / HTTP/1.1\r\n\r\n";
  for (
    const text of [
      "GET /v1/control HTTP/1.1\r\n^Upgrade: websocket\r\n\r\n",
      "POST / HTTP/1.1\r\n^Content-Length: x\r\n\r\n",
      "POST / HTTP/1.1\r\n^Content-Length: 99999999999999999999\r\n\r\n",
      "POST / HTTP/1.1\r\n^Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    ]
  ) {
    assert.equal(marked([text.replace("^", "") + after]), text + after, text);
    assert.equal(marked([...text.replace("^", "") + after]), text + after, text);
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), (noise) => {
    const { lineEnd } = new RequestFrames().push(noise);
    assert.ok(lineEnd === undefined || noise[lineEnd - 1] === 0x0a);
  }));
});
