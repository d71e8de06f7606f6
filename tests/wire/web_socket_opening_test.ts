import assert from "node:assert/strict";
import { withoutEmptyBody } from "../../lib/wire/web_socket_opening.ts";

const LINE = "GET /v1/control HTTP/1.1";
const UPGRADE = "Upgrade: websocket";

/** A head of these lines. */
const head = (...lines: string[]): string => lines.join("\r\n");

Deno.test("withoutEmptyBody() takes the length of nothing out of an upgrade, wherever it stands", () => {
  for (const length of ["Content-Length: 0", "content-length:0", "CONTENT-LENGTH: \t0 \t"]) {
    assert.equal(withoutEmptyBody(head(LINE, length, UPGRADE)), head(LINE, UPGRADE));
    assert.equal(withoutEmptyBody(head(LINE, UPGRADE, length)), head(LINE, UPGRADE));
  }
});

Deno.test("withoutEmptyBody() leaves what is no such upgrade to be judged as it is", () => {
  for (
    const whole of [
      head(LINE, UPGRADE),
      head(LINE, "Content-Length: 0"),
      head(LINE, UPGRADE, "Content-Length: 00"),
      head(LINE, UPGRADE, "Content-Length: 1"),
      head(LINE, UPGRADE, "Content-Length: 0, 0"),
      head(LINE, UPGRADE, "X-Content-Length: 0"),
      head(LINE, UPGRADE, "Content-Length: 0", "Content-Length: 5"),
      head(LINE, UPGRADE, "Content-Length: 0", "Transfer-Encoding: chunked"),
    ]
  ) assert.equal(withoutEmptyBody(whole), whole);
});
