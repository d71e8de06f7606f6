import assert from "node:assert/strict";
import { MAX_HEAD_BYTES, MAX_HEAD_LINES, RequestStart } from "../../lib/wire/request_start.ts";
import { bytes } from "./hello_builder.ts";

/** What becomes of a connection that begins with these pieces: bytes passed on, or the fault. */
function pass(pieces: string[]): { passed: string; fault?: string; http10: boolean } {
  const start = new RequestStart();
  let passed = "";
  for (const piece of pieces) {
    const step = start.push(bytes(piece));
    if (step.state === "refuse") return { passed, fault: step.fault, http10: start.isHttp10 };
    if (step.state === "pass") passed += String.fromCharCode(...step.held) + piece;
  }
  return { passed: passed + String.fromCharCode(...start.end()), http10: start.isHttp10 };
}

/** Every way to cut a text in two, and into single characters. */
function cuts(text: string): string[][] {
  const two = Array.from({ length: text.length - 1 }, (_, i) => [
    text.slice(0, i + 1),
    text.slice(i + 1),
  ]);
  return [[text], ...two, [...text]];
}

Deno.test("RequestStart refuses an HTTP/2 preface however it is cut, and passes none of it", () => {
  for (const pieces of cuts("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")) {
    assert.deepEqual(pass(pieces), { passed: "", fault: "http2", http10: false });
  }
});

Deno.test("RequestStart passes every byte of what only begins like a preface", () => {
  for (
    const text of [
      "GET / HTTP/1.1\r\nHost: x\r\n\r\nPRI * HTTP/2.0\r\n\r\n",
      "PRI * HTTP/1.1\r\nHost: x\r\n\r\n",
      "PRINT / HTTP/1.1\r\n\r\n",
      "PRI * HTTP/",
      "P",
      "\r\nPRI * HTTP/2.0\r\n\r\n",
    ]
  ) {
    for (const pieces of cuts(text)) {
      assert.deepEqual(pass(pieces), { passed: text, http10: false }, JSON.stringify(pieces));
    }
  }
});

Deno.test("RequestStart tells HTTP/1.0 by the request line alone", () => {
  for (
    const [text, http10] of [
      ["GET / HTTP/1.0\r\n\r\n", true],
      ["\r\n\r\nGET / HTTP/1.0\n\n", true],
      ["GET / HTTP/1.1\r\nA: HTTP/1.0\r\n\r\n", false],
      ["GET /HTTP/1.0 HTTP/1.1\r\n\r\n", false],
      ["GET / HTTP/1.1\r\n\r\nGET / HTTP/1.0\r\n\r\n", false],
      ["GET / HTTP/1.0", false],
    ] as const
  ) {
    for (const pieces of cuts(text)) assert.equal(pass(pieces).http10, http10, text);
  }
});

Deno.test("RequestStart bounds a request line and a head, and not what follows them", () => {
  const line = (length: number): string => `GET /${"a".repeat(length)}`;
  const head = "GET / HTTP/1.1\r\n";
  const fields = (count: number): string => "A: b\r\n".repeat(count);
  const faults: [string, string | undefined][] = [
    [line(MAX_HEAD_BYTES), "long-target"],
    [line(MAX_HEAD_BYTES - 100), undefined],
    [`${head}A: ${"b".repeat(MAX_HEAD_BYTES)}`, "large-head"],
    [head + fields(MAX_HEAD_LINES), "large-head"],
    [`${head}${fields(MAX_HEAD_LINES - 1)}\r\n`, undefined],
    // Whole, too, as it comes in one piece.
    [`${line(MAX_HEAD_BYTES)} HTTP/1.1\r\n\r\n`, "long-target"],
    [`${head}A: ${"b".repeat(MAX_HEAD_BYTES)}\r\n\r\n`, "large-head"],
    [`${head}${fields(MAX_HEAD_LINES)}\r\n`, "large-head"],
    [`${head}\r\n${"\n".repeat(MAX_HEAD_BYTES)}`, undefined],
    ["\r\n".repeat(MAX_HEAD_BYTES / 2 + 1), "long-target"],
  ];
  for (const [text, fault] of faults) {
    for (const pieces of [[text], text.match(/[^]{1,1000}/g)!]) {
      assert.equal(pass(pieces).fault, fault, `${text.slice(0, 40)} (${pieces.length})`);
    }
  }
});

Deno.test("RequestStart tells where the head ends, however it comes", () => {
  const head = "\r\nPRINT / HTTP/1.1\r\nA: b\r\n\r\n";
  for (const pieces of cuts(`${head}body\r\n\r\nmore`)) {
    const start = new RequestStart();
    let before = 0;
    for (const piece of pieces) {
      const step = start.push(bytes(piece));
      if (step.state !== "pass") assert.fail(step.state);
      if (step.end !== undefined) {
        assert.equal(before + step.end, head.length, JSON.stringify(pieces));
        break;
      }
      before += piece.length;
    }
    assert.ok(start.done);
  }
});
