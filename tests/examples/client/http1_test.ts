import assert from "node:assert/strict";
import type { Duplex } from "../../../lib/net/splice.ts";
import { type Http1Request, requestOnce, UploadBroken } from "../../../examples/client/http1.ts";

/** A connection whose peer says `answer` in pieces of `step` bytes and then ends. */
function peer(answer: string, step = answer.length): Duplex & { sent: string; closed: boolean } {
  const bytes = Uint8Array.from(answer, (character) => character.charCodeAt(0));
  let at = 0;
  return {
    sent: "",
    closed: false,
    read(p) {
      if (at >= bytes.length) return Promise.resolve(null);
      const piece = bytes.subarray(at, at + Math.min(step, p.length));
      p.set(piece);
      at += piece.length;
      return Promise.resolve(piece.length);
    },
    write(p) {
      this.sent += new TextDecoder("latin1").decode(p);
      return Promise.resolve(p.length);
    },
    closeWrite: () => Promise.resolve(),
    close() {
      this.closed = true;
    },
  };
}

const GET = { method: "GET", target: "/", headers: { host: "x" }, body: null };

async function read(conn: Duplex, request: Http1Request = GET): Promise<[number, string | null]> {
  const { status, body } = await requestOnce(conn, request);
  return [status, body && await new Response(body).text()];
}

const WHOLE: [string, string, string | null][] = [
  ["a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello beyond", "hello"],
  ["no length", "HTTP/1.0 200 OK\r\n\r\nall of it", "all of it"],
  ["nothing", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""],
  [
    "chunks with extensions and trailers",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n" +
    "5;a=b\r\nhello\r\n6 \r\n there\r\n0\r\nTrailer: x\r\n\r\n",
    "hello there",
  ],
  [
    "interim answers first",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" +
    "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
    "ok",
  ],
  ["bare line feeds", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "ok"],
  ["a status without a body", "HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n", null],
];

for (const [what, answer, expected] of WHOLE) {
  Deno.test(`requestOnce() reads an answer with ${what}, however it is cut`, async () => {
    for (const step of [1, 2, 7, answer.length]) {
      const conn = peer(answer, step);
      const [, body] = await read(conn);
      assert.equal(body, expected);
      assert.equal(conn.closed, true);
    }
  });
}

const BROKEN: [string, string][] = [
  ["nothing", ""],
  ["something else", "SSH-2.0-OpenSSH\r\n\r\n"],
  ["a torn head", "HTTP/1.1 200 OK\r\nContent-"],
  ["a torn body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"],
  ["a torn chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"],
  ["chunks without an end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"],
  ["a chunk of no size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nok\r\n"],
  [
    "a chunk of another size",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nok\r\n0\r\n\r\n",
  ],
  ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nok"],
  ["a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nok"],
  ["an unknown coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"],
  ["a malformed field", "HTTP/1.1 200 OK\r\nContent Length: 1\r\n\r\nok"],
  ["another protocol", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"],
  ["an endless line", `HTTP/1.1 200 ${"x".repeat(20_000)}`],
  ["endless fields", `HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(1000)}`],
];

for (const [what, answer] of BROKEN) {
  Deno.test(`requestOnce() fails on ${what}`, async () => {
    for (const step of [1, Math.max(1, answer.length)]) {
      const conn = peer(answer, step);
      await assert.rejects(read(conn));
      assert.equal(conn.closed, true);
    }
  });
}

Deno.test("requestOnce() sends a body of known length as it is, any other in chunks", async () => {
  const answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  const body = (): ReadableStream<Uint8Array> => new Blob(["hello"]).stream();
  const known = peer(answer);
  await read(known, {
    method: "POST",
    target: "/a?b",
    headers: { "content-length": "5" },
    body: body(),
  });
  assert.equal(
    known.sent,
    "POST /a?b HTTP/1.1\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello",
  );
  const unknown = peer(answer);
  await read(unknown, { method: "POST", target: "/", headers: {}, body: body() });
  assert.equal(
    unknown.sent,
    "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
  );
});

Deno.test("requestOnce() tells an upload that breaks off from an app that fails", async () => {
  const closed = Promise.withResolvers<null>();
  const conn = { ...peer(""), read: () => closed.promise, close: () => closed.resolve(null) };
  const body = new ReadableStream({
    pull(controller) {
      controller.error(new Error("the visitor left"));
    },
  });
  await assert.rejects(requestOnce(conn, { ...GET, method: "POST", body }), UploadBroken);
});

Deno.test("requestOnce() closes the connection when the body is not wanted any more", async () => {
  const conn = peer("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello");
  const { body } = await requestOnce(conn, GET);
  assert.equal(conn.closed, false);
  await body!.cancel();
  assert.equal(conn.closed, true);
});
