import assert from "node:assert/strict";
import type { Field } from "../../../../examples/client/http/fields.ts";
import { answerHead, switchingHead } from "../../../../examples/client/proxy/answer_fields.ts";
import { parseUpstream } from "../../../../examples/client/proxy/upstream.ts";

const ADDRESSES = {
  host: "kaylee.example",
  sentHost: "kaylee.example",
  upstream: parseUpstream("http://127.0.0.1:8000"),
};

function passed(...fields: Field[]): Field[] {
  return answerHead({ status: 200, reason: "Fine", fields }, ADDRESSES).fields;
}

Deno.test("answerHead() passes status, reason and fields on as the app says them", () => {
  const fields: Field[] = [
    ["SERVER", "GoAhead"],
    ["set-cookie", "a=1"],
    ["Set-Cookie", "b=2"],
    ["X-Empty", ""],
    ["Content-Security-Policy", "default-src 'self' https://elsewhere.example"],
  ];
  assert.deepEqual(answerHead({ status: 299, reason: "Odd", fields }, ADDRESSES), {
    status: 299,
    reason: "Odd",
    fields,
  });
});

Deno.test("answerHead() drops what belongs to the app's connection, or names its ports", () => {
  assert.deepEqual(
    passed(
      ["Connection", "close, X-Hop"],
      ["Keep-Alive", "timeout=5"],
      ["X-Hop", "1"],
      ["Transfer-Encoding", "chunked"],
      ["Upgrade", "h2c"],
      ["Alt-Svc", 'h3=":443"'],
      ["Vary", "Origin"],
    ),
    [["Vary", "Origin"]],
  );
});

Deno.test("answerHead() gives the page's address wherever the app gives its own", () => {
  assert.deepEqual(
    passed(
      ["Location", "http://127.0.0.1:8000/docs/"],
      ["Content-Location", "http://localhost:8000/a"],
      ["Refresh", "5; URL=http://127.0.0.1:8000/next"],
      ["refresh", "5"],
      ["Refresh", "0;url='http://127.0.0.1:8000'"],
      ["Refresh", "5, http://127.0.0.1:8000/next"],
      ["Set-Cookie", "a=1; Domain=127.0.0.1"],
      [
        "Link",
        '<http://127.0.0.1:8000/a.css>; rel=preload, </b>; title="http://x", <//localhost:8000>',
      ],
      [
        "Content-Security-Policy",
        "connect-src 'self' ws://localhost:8000 wss://x.example http://127.0.0.1:8000/a/; img-src data:",
      ],
      ["content-security-policy-report-only", "report-uri http://127.0.0.1:8000/r"],
    ),
    [
      ["Location", "https://kaylee.example/docs/"],
      ["Content-Location", "https://kaylee.example/a"],
      ["Refresh", "5; URL=https://kaylee.example/next"],
      ["refresh", "5"],
      ["Refresh", "0;url='https://kaylee.example'"],
      ["Refresh", "5, https://kaylee.example/next"],
      ["Set-Cookie", "a=1"],
      [
        "Link",
        '<https://kaylee.example/a.css>; rel=preload, </b>; title="http://x", <https://kaylee.example>',
      ],
      [
        "Content-Security-Policy",
        "connect-src 'self' wss://kaylee.example wss://x.example https://kaylee.example/a/; img-src data:",
      ],
      ["content-security-policy-report-only", "report-uri https://kaylee.example/r"],
    ],
  );
});

Deno.test("switchingHead() says what the connection goes on as, and keeps the rest", () => {
  const fields: Field[] = [
    ["upgrade", "websocket"],
    ["connection", "upgrade"],
    ["Sec-WebSocket-Accept", "x"],
    ["Set-Cookie", "a=1"],
  ];
  const head = { status: 101, reason: "Switching Protocols", fields };
  assert.deepEqual(switchingHead(head, ADDRESSES, "websocket").fields, [
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Accept", "x"],
    ["Set-Cookie", "a=1"],
  ]);
});
