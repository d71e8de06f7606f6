import assert from "node:assert/strict";
import {
  answerFraming,
  framed,
  framedAnswer,
  FramedBody,
  type Framing,
  requestFraming,
} from "../../../../examples/client/http/body.ts";
import { ByteReader } from "../../../../examples/client/http/byte_reader.ts";
import type { Field } from "../../../../examples/client/http/fields.ts";
import {
  MalformedHead,
  MAX_FIELDS,
  MAX_HEAD_BYTES,
  parseAnswerHead,
} from "../../../../examples/client/http/head.ts";
import { latin1, peer } from "./peer.ts";

/** Reads a body to its end, from bytes that come in pieces of `step`. */
async function read(
  text: string,
  framing: Framing,
  step = Infinity,
): Promise<{ body: string; trailers: readonly Field[]; behind: string }> {
  const reader = new ByteReader(peer(text, step));
  const framedBody = new FramedBody(reader, framing);
  let body = "";
  for (let piece; (piece = await framedBody.read()) !== null;) body += latin1(piece);
  assert.equal(framedBody.ended, true);
  assert.equal(await framedBody.read(), null);
  let behind = latin1(reader.rest());
  for (let piece; (piece = await reader.some(100)) !== null;) behind += latin1(piece);
  return { body, trailers: framedBody.trailers, behind };
}

const CHUNKED: Framing = { kind: "chunked" };

const WHOLE: [string, string, Framing, string, Field[], string][] = [
  ["a length", "hello beyond", { kind: "length", length: 5 }, "hello", [], " beyond"],
  ["a length of nothing", "beyond", { kind: "length", length: 0 }, "", [], "beyond"],
  ["the end of the connection", "all of it", { kind: "close" }, "all of it", [], ""],
  ["no body", "beyond", { kind: "none" }, "", [], "beyond"],
  ["chunks", "5\r\nhello\r\n6\r\n there\r\n0\r\n\r\nbeyond", CHUNKED, "hello there", [], "beyond"],
  ["no chunk", "0\r\n\r\nbeyond", CHUNKED, "", [], "beyond"],
  ["large digits and zeros", "00A\r\n0123456789\r\n000\r\n\r\n", CHUNKED, "0123456789", [], ""],
  [
    "extensions",
    '5;a=b\r\nhello\r\n6 ; c="d;\r"\r\n there\r\n0;last\r\n\r\n',
    CHUNKED,
    "hello there",
    [],
    "",
  ],
  ["bare line feeds", "5\nhello\n0\n\n", CHUNKED, "hello", [], ""],
  [
    "trailers",
    "2\r\nok\r\n0\r\nX-Sum: 7\r\nGrpc-Status:0\r\n\r\nbeyond",
    CHUNKED,
    "ok",
    [["X-Sum", "7"], ["Grpc-Status", "0"]],
    "beyond",
  ],
  ["line ends within", "6\r\n0\r\n\r\n!\r\n0\r\n\r\n", CHUNKED, "0\r\n\r\n!", [], ""],
];

for (const [what, text, framing, body, trailers, behind] of WHOLE) {
  Deno.test(`FramedBody reads a body told by ${what}, however it is cut`, async () => {
    for (let step = 1; step <= text.length; step++) {
      assert.deepEqual(await read(text, framing, step), { body, trailers, behind });
    }
  });
}

const BROKEN: [string, string, Framing][] = [
  ["a torn length", "hell", { kind: "length", length: 5 }],
  ["nothing in place of a length", "", { kind: "length", length: 5 }],
  ["nothing in place of a chunk", "", CHUNKED],
  ["a torn size", "5", CHUNKED],
  ["a torn chunk", "5\r\nhel", CHUNKED],
  ["no end of a chunk", "5\r\nhello", CHUNKED],
  ["no last chunk", "2\r\nok\r\n", CHUNKED],
  ["no end of the trailers", "0\r\nX-Sum: 7\r\n", CHUNKED],
  ["no size", "\r\nhello", CHUNKED],
  ["a size that is none", "ok\r\n", CHUNKED],
  ["a size with a sign", "+5\r\nhello\r\n0\r\n\r\n", CHUNKED],
  ["a negative size", "-1\r\nhello\r\n0\r\n\r\n", CHUNKED],
  ["a size in other digits", "0x5\r\nhello\r\n0\r\n\r\n", CHUNKED],
  ["a size behind a space", " 5\r\nhello\r\n0\r\n\r\n", CHUNKED],
  ["two sizes", "5 5\r\nhello\r\n0\r\n\r\n", CHUNKED],
  ["a huge size", "fffffffffffff\r\nhello", CHUNKED],
  ["a chunk that is longer", "1\r\nok\r\n0\r\n\r\n", CHUNKED],
  ["a chunk that is shorter", "4\r\nok\r\n0\r\n\r\n", CHUNKED],
  ["an endless extension", `5;${"x".repeat(100_000)}`, CHUNKED],
  ["an endless trailer", `0\r\nX: ${"x".repeat(100_000)}`, CHUNKED],
  ["endless trailers", `0\r\n${"a: b\r\n".repeat(MAX_FIELDS + 1)}\r\n`, CHUNKED],
  ["a trailer that is none", "0\r\nno colon\r\n\r\n", CHUNKED],
];

for (const [what, text, framing] of BROKEN) {
  Deno.test(`FramedBody rejects on ${what}, however it is cut`, async () => {
    for (const step of [1, 2, 3, 7, Infinity]) await assert.rejects(read(text, framing, step));
  });
}

Deno.test("FramedBody hands on what is there of a chunk of any size", async () => {
  const reader = new ByteReader(peer("ffffffffffff\r\nhello"));
  const body = new FramedBody(reader, CHUNKED);
  assert.equal(latin1(await body.read()), "hello");
  await assert.rejects(body.read(), /ended in it/);
});

Deno.test("FramedBody.ready tells whether reading would not wait", async () => {
  for (
    const [text, framing, ready] of [
      ["abc", { kind: "length", length: 3 }, true],
      ["", { kind: "length", length: 3 }, false],
      ["3\r\n", CHUNKED, true],
      ["3", CHUNKED, false],
      ["abc", { kind: "none" }, false],
    ] as const
  ) {
    const reader = new ByteReader(peer(`x\n${text}`));
    await reader.line(1);
    assert.equal(new FramedBody(reader, framing).ready, ready, text);
  }
});

function framing(...fields: Field[]): Framing {
  return requestFraming({ method: "POST", target: "/", version: "1.1", fields });
}

Deno.test("requestFraming() tells a body from none, and reads one length in any words", () => {
  assert.deepEqual(framing(), { kind: "none" });
  assert.deepEqual(framing(["Content-Length", "0"]), { kind: "length", length: 0 });
  assert.deepEqual(framing(["content-length", "007"]), { kind: "length", length: 7 });
  assert.deepEqual(framing(["Content-Length", "7, 7"]), { kind: "length", length: 7 });
  assert.deepEqual(framing(["Content-Length", "7, 07"]), { kind: "length", length: 7 });
  assert.deepEqual(framing(["Content-Length", "7".padStart(20, "0")]), {
    kind: "length",
    length: 7,
  });
  assert.deepEqual(framing(["Content-Length", "7"], ["Content-Length", "7"]), {
    kind: "length",
    length: 7,
  });
  assert.deepEqual(framing(["Transfer-Encoding", "Chunked"]), CHUNKED);
});

Deno.test("requestFraming() refuses what two programs could frame in two ways", () => {
  const refused: [Field[], number][] = [
    [[["Content-Length", "1"], ["Content-Length", "2"]], 400],
    [[["Content-Length", "1, 2"]], 400],
    [[["Content-Length", "-1"]], 400],
    [[["Content-Length", "+1"]], 400],
    [[["Content-Length", "1e3"]], 400],
    [[["Content-Length", "0x1"]], 400],
    [[["Content-Length", ""]], 400],
    [[["Content-Length", "1 1"]], 400],
    [[["Content-Length", "9".repeat(16)]], 400],
    [[["Content-Length", "1"], ["Transfer-Encoding", "chunked"]], 400],
    [[["Transfer-Encoding", "gzip, chunked"]], 501],
    [[["Transfer-Encoding", "chunked, chunked"]], 501],
    [[["Transfer-Encoding", "chunked"], ["Transfer-Encoding", "chunked"]], 501],
    [[["Transfer-Encoding", "xchunked"]], 400],
    [[["Transfer-Encoding", "identity"]], 400],
    [[["Transfer-Encoding", "\x0bchunked"]], 400],
    [[["Transfer-Encoding", "chunked\xa0"]], 400],
    [[["Transfer-Encoding", "chunked, gzip"]], 400],
    [[["Transfer-Encoding", ""]], 400],
    [[["Content-Length", "1"], ["Transfer-Encoding", ""]], 400],
    [[["Content-Length", "1"], ["Transfer-Encoding", "gzip"]], 400],
    [[["Content-Length", "1\xa0"]], 400],
  ];
  for (const [fields, status] of refused) {
    assert.throws(
      () => framing(...fields),
      (error) => error instanceof MalformedHead && error.status === status,
      JSON.stringify(fields),
    );
  }
  assert.throws(() =>
    requestFraming({
      method: "POST",
      target: "/",
      version: "1.0",
      fields: [["Transfer-Encoding", "chunked"]],
    }), MalformedHead);
});

Deno.test("answerFraming() frames every answer as RFC 9112 section 6.3 has it", () => {
  const cases: [string, string, Framing][] = [
    ["GET", "200 OK\r\nContent-Length: 5", { kind: "length", length: 5 }],
    ["GET", "200 OK", { kind: "close" }],
    ["GET", "200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2", CHUNKED],
    ["GET", "200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: Chunked", CHUNKED],
    ["GET", "200 OK\r\nTransfer-Encoding: chunked, chunked", CHUNKED],
    ["GET", "200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 2", {
      kind: "length",
      length: 2,
    }],
    ["GET", "205 Reset\r\nContent-Length: 0", { kind: "length", length: 0 }],
    ["GET", "999 Odd\r\nContent-Length: 2, 2", { kind: "length", length: 2 }],
    ["HEAD", "200 OK\r\nContent-Length: 5", { kind: "none" }],
    ["HEAD", "200 OK\r\nTransfer-Encoding: chunked", { kind: "none" }],
    ["GET", "204 No\r\nContent-Length: 5", { kind: "none" }],
    ["GET", "304 Not\r\nContent-Length: 5", { kind: "none" }],
    ["GET", "103 Early\r\nContent-Length: 5", { kind: "none" }],
  ];
  for (const [method, text, expected] of cases) {
    assert.deepEqual(answerFraming(method, parseAnswerHead(`HTTP/1.1 ${text}`)), expected, text);
  }
  const refused = [
    "Content-Length: 1\r\nContent-Length: 2",
    "Content-Length: -1",
    "Content-Length: abc",
    "Content-Length: 99999999999999999999",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: gzip",
  ];
  for (const text of refused) {
    const head = parseAnswerHead(`HTTP/1.1 200 OK\r\n${text}`);
    assert.throws(() => answerFraming("GET", head), MalformedHead, text);
  }
});

Deno.test("framed() says how a body is framed once, in one way", () => {
  const fields: Field[] = [
    ["content-length", "1"],
    ["A", "b"],
    ["Content-Length", "1"],
    ["Transfer-Encoding", "chunked"],
  ];
  assert.deepEqual(framed(fields, { kind: "length", length: 3 }), [
    ["A", "b"],
    ["Content-Length", "3"],
  ]);
  assert.deepEqual(framed(fields, CHUNKED), [["A", "b"], ["Transfer-Encoding", "chunked"]]);
  assert.deepEqual(framed(fields, { kind: "none" }), [["A", "b"]]);
  assert.deepEqual(framed(fields, { kind: "close" }), [["A", "b"]]);
});

/** What the client says of an app's answer, from its first byte to its body. */
Deno.test("FramedBody takes small chunks together that were read together, and no byte otherwise", async () => {
  const sizes = [...Array.from({ length: 3_000 }, (_, i) => i % 7 + 1), 70_000, 1, 2, 3, 5_000, 4];
  const parts = sizes.map((size, i) => String.fromCharCode(97 + i % 26).repeat(size));
  const chunks = parts.map((part, i) =>
    `${i % 5 ? "" : "0"}${part.length.toString(16)}\r\n${part}\r\n`
  );
  const text = `${chunks.join("")}0\r\nX-Sum: 1\r\n\r\nbeyond`;
  for (const step of [1, 5, 1_000, Infinity]) {
    assert.deepEqual(await read(text, CHUNKED, step), {
      body: parts.join(""),
      trailers: [["X-Sum", "1"]],
      behind: "beyond",
    });
  }
  const body = new FramedBody(new ByteReader(peer(text, Infinity)), CHUNKED);
  let pieces = 0;
  while (await body.read() !== null) pieces++;
  assert.ok(pieces < 100, `${pieces} pieces`);
});

async function answer(text: string, step: number): Promise<[number, string | null]> {
  const reader = new ByteReader(peer(text, step));
  while (true) {
    const head = parseAnswerHead((await reader.head(MAX_HEAD_BYTES)) ?? "");
    if (head.status < 200) continue;
    const framing = answerFraming("GET", head);
    if (framing.kind === "none") return [head.status, null];
    const body = new FramedBody(reader, framing);
    let all = "";
    for (let piece; (piece = await body.read()) !== null;) all += latin1(piece);
    return [head.status, all];
  }
}

const ANSWERS: [string, string, [number, string | null]][] = [
  ["a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello beyond", [200, "hello"]],
  ["no length", "HTTP/1.0 200 OK\r\n\r\nall of it", [200, "all of it"]],
  ["nothing", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", [200, ""]],
  [
    "chunks with extensions and trailers",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n" +
    "5;a=b\r\nhello\r\n6 \r\n there\r\n0\r\nTrailer: x\r\n\r\n",
    [200, "hello there"],
  ],
  [
    "interim answers first",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" +
    "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
    [200, "ok"],
  ],
  ["bare line feeds", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", [200, "ok"]],
  ["a status without a body", "HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n", [204, null]],
];

for (const [what, text, expected] of ANSWERS) {
  Deno.test(`an answer with ${what} is read whole, however it is cut`, async () => {
    for (let step = 1; step <= text.length; step++) {
      assert.deepEqual(await answer(text, step), expected);
    }
  });
}

const NO_ANSWERS: [string, string][] = [
  ["nothing", ""],
  ["something else", "SSH-2.0-OpenSSH\r\n\r\n"],
  ["a torn head", "HTTP/1.1 200 OK\r\nContent-"],
  ["a torn body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"],
  ["a torn chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"],
  ["chunks without an end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"],
  ["an endless line", `HTTP/1.1 200 ${"x".repeat(MAX_HEAD_BYTES)}`],
  ["endless fields", `HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(MAX_FIELDS + 1)}\r\n`],
];

for (const [what, text] of NO_ANSWERS) {
  Deno.test(`an answer of ${what} is none, however it is cut`, async () => {
    for (const step of [1, 100, Infinity]) await assert.rejects(answer(text, step));
  });
}

Deno.test("framedAnswer() tells the length of a body that is not sent, but for 204 (RFC 9110 section 8.6)", () => {
  const told = (method: string, status: string): readonly Field[] => {
    const head = parseAnswerHead(`HTTP/1.1 ${status}\r\nContent-Length: 5`);
    return framedAnswer(method, head, answerFraming(method, head));
  };
  const length = [["Content-Length", "5"]];
  assert.deepEqual(told("HEAD", "200 OK"), length);
  assert.deepEqual(told("GET", "304 Not"), length);
  assert.deepEqual(told("GET", "204 No"), []);
  assert.deepEqual(told("HEAD", "204 No"), []);
});
