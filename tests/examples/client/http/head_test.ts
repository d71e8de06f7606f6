import assert from "node:assert/strict";
import {
  answerHeadBytes,
  checkedField,
  MalformedHead,
  MAX_FIELDS,
  parseAnswerHead,
  parseRequestHead,
  parseTrailer,
  requestHeadBytes,
} from "../../../../examples/client/http/head.ts";

/** Characters that no field may hold (RFC 9110 section 5.5). */
const CONTROLS = Array.from({ length: 33 }, (_, i) => i === 32 ? 0x7f : i)
  .filter((code) => code !== 0x09 && code !== 0x0a);

Deno.test("parseRequestHead() reads what a visitor says, and keeps the target as it is", () => {
  const targets = [
    "/",
    "/?",
    "/p?",
    "/a//b/../c/./%2e%2e/%7Ed",
    "/d?Sig=x&f=it's",
    '/q?x=a"b',
    "/{x}|y`z^\\a<b>",
    "*",
    "//double",
    "http://kaylee.example/absolute?a#b",
    "/caf\xc3\xa9",
  ];
  for (const target of targets) {
    const head = parseRequestHead(`M-SEARCH ${target} HTTP/1.1\r\nHost: x`);
    assert.deepEqual(head, {
      method: "M-SEARCH",
      target,
      version: "1.1",
      fields: [["Host", "x"]],
    });
  }
});

Deno.test("parseRequestHead() reads every version and line end of HTTP/1", () => {
  assert.equal(parseRequestHead("GET / HTTP/1.0").version, "1.0");
  assert.equal(parseRequestHead("GET / HTTP/1.1\nA: b\nC: d").fields.length, 2);
  // A minor version that is not known is read as the highest that is (RFC 9110 section 2.5).
  assert.equal(parseRequestHead("GET / HTTP/1.9").version, "1.1");
});

Deno.test("parseRequestHead() keeps names as they were written, and values without their edges", () => {
  const text = "GET / HTTP/1.1\r\nhOsT:x\r\nA: \t b c\t \r\nEmpty:\r\nU: caf\xc3\xa9\r\nA:: d";
  assert.deepEqual(parseRequestHead(text).fields, [
    ["hOsT", "x"],
    ["A", "b c"],
    ["Empty", ""],
    ["U", "caf\xc3\xa9"],
    ["A", ": d"],
  ]);
});

const MALFORMED: [string, number][] = [
  ["", 400],
  ["GET", 400],
  ["GET /", 400],
  ["GET  / HTTP/1.1", 400],
  ["GET / HTTP/1.1 ", 400],
  ["GET / a HTTP/1.1", 400],
  [" GET / HTTP/1.1", 400],
  ["GET / http/1.1", 400],
  ["GET / HTTP/11", 400],
  ["G@T / HTTP/1.1", 400],
  ["GET /\x7f HTTP/1.1", 400],
  ["GET /\t HTTP/1.1", 400],
  ["GET / HTTP/2.0", 505],
  ["PRI * HTTP/2.0", 505],
  ["GET / HTTP/1.1\r\nno colon", 400],
  ["GET / HTTP/1.1\r\nA : b", 400],
  ["GET / HTTP/1.1\r\n: b", 400],
  ["GET / HTTP/1.1\r\nA b: c", 400],
  ["GET / HTTP/1.1\r\nA: b\r\n folded", 400],
  ["GET / HTTP/1.1\r\n leading: b", 400],
  ["GET / HTTP/1.1\r\nA\xe9: b", 400],
  ["GET / HTTP/1.1\rA: b", 400],
  [`GET / HTTP/1.1\r\n${"a: b\r\n".repeat(MAX_FIELDS)}a: b`, 431],
  ...CONTROLS.map((code): [string, number] => [
    `GET / HTTP/1.1\r\nA: b${String.fromCharCode(code)}c`,
    400,
  ]),
];

Deno.test("parseRequestHead() refuses what two programs could read in two ways", () => {
  for (const [text, status] of MALFORMED) {
    assert.throws(
      () => parseRequestHead(text),
      (error) => error instanceof MalformedHead && error.status === status,
      JSON.stringify(text.slice(0, 60)),
    );
  }
  assert.equal(
    parseRequestHead(`GET / HTTP/1.1\r\n${"a: b\r\n".repeat(MAX_FIELDS - 1)}a: b`).fields.length,
    MAX_FIELDS,
  );
});

Deno.test("checkedField() lets no line end of any kind through", () => {
  for (const value of ["a\r\nb", "a\nb", "a\rb", "a\0b"]) {
    assert.throws(() => checkedField(["a", value]), MalformedHead);
  }
  for (const name of ["", "a b", "a:b", "a\r\nb", ":a", "é"]) {
    assert.throws(() => checkedField([name, "x"]), MalformedHead);
  }
  assert.deepEqual(checkedField(["a", "b\tc\xff"]), ["a", "b\tc\xff"]);
});

Deno.test("parseAnswerHead() reads odd but legal heads", () => {
  const statuses: [string, number, string][] = [
    ["HTTP/1.1 200 OK", 200, "OK"],
    ["HTTP/1.0 404 Not Found", 404, "Not Found"],
    ["HTTP/1.1 200", 200, ""],
    ["HTTP/1.1 200 ", 200, ""],
    ["HTTP/1.1  200  OK", 200, " OK"],
    ["HTTP/1.1 999 Odd", 999, "Odd"],
    ["HTTP/1.1 100 Continue", 100, "Continue"],
    ["ICY 200 OK", 200, "OK"],
    ["HTTP/1.1 200 caf\xc3\xa9", 200, "caf\xc3\xa9"],
  ];
  for (const [line, status, reason] of statuses) {
    assert.deepEqual(parseAnswerHead(line), { status, reason, fields: [] });
  }
  const fields: [string, string, string][] = [
    ["Server : GoAhead", "Server", "GoAhead"],
    ["X-Folded: a\r\n b\r\n\t c", "X-Folded", "a b c"],
    ["X-Utf: \xc3\xa9", "X-Utf", "\xc3\xa9"],
    ["X-Long: " + "x".repeat(20_000), "X-Long", "x".repeat(20_000)],
    ["X-Empty:", "X-Empty", ""],
    ["x-Case:y", "x-Case", "y"],
  ];
  for (const [line, name, value] of fields) {
    assert.deepEqual(parseAnswerHead(`HTTP/1.1 200 OK\r\n${line}\r\nZ: z`).fields, [
      [name, value],
      ["Z", "z"],
    ]);
  }
  assert.deepEqual(parseAnswerHead("HTTP/1.1 200 OK\nA: b\nC: d").fields.length, 2);
});

Deno.test("parseAnswerHead() leaves out a line that is no field", () => {
  const none = [
    "X(foo): 1",
    "Y\x01: 2",
    "no colon",
    ": nameless",
    "Content Length: 1",
    "Secured by nobody :",
    "HTTP/1.1 200 OK",
    "HTTP 1/1 302:",
    "X\xa0: 3",
  ];
  for (const line of none) {
    const { fields } = parseAnswerHead(`HTTP/1.1 200 OK\r\nA: 1\r\n${line}\r\nZ: 2`);
    assert.deepEqual(fields, [["A", "1"], ["Z", "2"]], line);
  }
});

Deno.test("parseAnswerHead() leaves no blank at the ends of a value, also where a control was", () => {
  for (const value of ["\x07a", "a\x07", "\x0b a \r", "\x00a\x00", "a\r\n \x07"]) {
    assert.deepEqual(parseAnswerHead(`HTTP/1.1 200 OK\r\nX: ${value}`).fields, [["X", "a"]]);
  }
  assert.deepEqual(parseAnswerHead("HTTP/1.1 200 OK\r\nX: \x07").fields, [["X", ""]]);
  assert.deepEqual(parseTrailer("X: a\x07"), ["X", "a"]);
});

Deno.test("parseAnswerHead() makes spaces of control characters", () => {
  for (const code of CONTROLS.filter((code) => code !== 0x0d)) {
    const control = String.fromCharCode(code);
    const { reason, fields } = parseAnswerHead(
      `HTTP/1.1 200 a${control}b\r\nX: a${control}b`,
    );
    assert.deepEqual([reason, fields], ["a b", [["X", "a b"]]]);
    assert.deepEqual(parseTrailer(`X: a${control}b`), ["X", "a b"]);
  }
  // A carriage return alone ends no line.
  assert.deepEqual(parseAnswerHead("HTTP/1.1 200 a\rb\r\nX: a\rb"), {
    status: 200,
    reason: "a b",
    fields: [["X", "a b"]],
  });
});

Deno.test("parseAnswerHead() refuses what is no answer", () => {
  const malformed = [
    "",
    "SSH-2.0-OpenSSH",
    "HTTP/1.1",
    "HTTP/1.1 20 OK",
    "HTTP/1.1 2000 OK",
    "HTTP/1.1 099 OK",
    "HTTP/1.1 000 OK",
    "HTTP/1.1 -200 OK",
    "HTTP/1.1 2x0 OK",
    "HTTP/2 200 OK",
    "http/1.1 200 OK",
    "<html>",
    `HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(MAX_FIELDS)}a: b`,
  ];
  for (const text of malformed) {
    assert.throws(() => parseAnswerHead(text), MalformedHead, JSON.stringify(text.slice(0, 60)));
  }
});

Deno.test("parseTrailer() reads one field, and refuses what is none", () => {
  assert.deepEqual(parseTrailer("X-Sum:  7 "), ["X-Sum", "7"]);
  for (const line of ["X-Sum", ": 7", "X Sum: 7", "X-Sum : 7", "X(Sum): 7"]) {
    assert.throws(() => parseTrailer(line), MalformedHead);
  }
});

Deno.test("heads are written as they were read", () => {
  const request = requestHeadBytes("GET", "/a?b=\xff", [["Host", "x"], ["A", "\xc3\xa9"]]);
  assert.equal(
    request.toString("latin1"),
    "GET /a?b=\xff HTTP/1.1\r\nHost: x\r\nA: \xc3\xa9\r\n\r\n",
  );
  const answer = { status: 299, reason: "Odd one", fields: [["B", ""] as const] };
  assert.equal(
    answerHeadBytes(answer).toString("latin1"),
    "HTTP/1.1 299 Odd one\r\nB: \r\n\r\n",
  );
});
