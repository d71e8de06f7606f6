import assert from "node:assert/strict";
import { HOSTNAME } from "./fronted.ts";
import { fieldBlock, FLAG, FRAME, frame } from "./http2_frames.ts";
import { RawHttp2 } from "./raw_http2.ts";
import { RawVisitor } from "./raw_visitor.ts";
import { readRequest, scripted, values, VERSIONS } from "./scripted_app.ts";

const BODY = '{"q":1}';

for (const version of VERSIONS) {
  for (const method of ["GET", "DELETE", "OPTIONS", "POST", "PROPFIND", "M-SEARCH"]) {
    Deno.test(`a body of ${method} reaches the app as it was announced, ${version}`, () =>
      scripted(async ({ curl, got }) => {
        assert.match((await curl(version, "/", "-X", method, "-d", BODY)).text, /ok$/);
        const { line, fields, body } = got[0]!;
        assert.equal(line, `${method} / HTTP/1.1`);
        assert.equal(body, BODY);
        assert.deepEqual(values(fields, "content-length"), [String(BODY.length)]);
        assert.deepEqual(values(fields, "transfer-encoding"), []);
      }));
  }

  for (const method of ["GET", "DELETE", "OPTIONS", "PROPFIND"]) {
    Deno.test(`${method} without a body has none at the app, and no framing, ${version}`, () =>
      scripted(async ({ curl, got }) => {
        assert.match((await curl(version, "/", "-X", method)).text, /ok$/);
        const { fields, raw } = got[0]!;
        assert.equal(raw, "");
        assert.deepEqual(values(fields, "content-length"), []);
        assert.deepEqual(values(fields, "transfer-encoding"), []);
      }));
  }

  for (const method of ["POST", "PUT", "PATCH"]) {
    Deno.test(`${method} without a body says that it is empty, ${version}`, () =>
      scripted(async ({ curl, got }) => {
        assert.match((await curl(version, "/", "-X", method)).text, /ok$/);
        assert.deepEqual(values(got[0]!.fields, "content-length"), ["0"]);
        assert.deepEqual(values(got[0]!.fields, "transfer-encoding"), []);
      }));
  }
}

Deno.test("a body of unknown length reaches the app in chunks, HTTP/1.1", () =>
  scripted(async ({ curl, got }) => {
    const chunked = ["-X", "GET", "-H", "Transfer-Encoding: chunked", "--data-binary", BODY];
    assert.match((await curl("--http1.1", "/", ...chunked)).text, /ok$/);
    const { fields, body } = got[0]!;
    assert.equal(body, BODY);
    assert.deepEqual(values(fields, "transfer-encoding"), ["chunked"]);
    assert.deepEqual(values(fields, "content-length"), []);
  }));

// As node:http2 sends what has no body, but for GET, HEAD and DELETE; it has no transfer codings.
Deno.test("a body over HTTP/2 that has come before the app is told of it has a length", () =>
  scripted(async (world) => {
    const http2 = await RawHttp2.open(world);
    for (const method of ["GET", "DELETE", "OPTIONS", "POST", "PROPFIND"]) {
      for (const body of ["", BODY]) {
        const head = http2.request("/", { method, flags: FLAG.endHeaders });
        http2.send(head.frame, frame(FRAME.data, FLAG.endStream, head.stream, body));
        assert.equal(await http2.ended(head.stream), undefined);
        const { fields, raw } = world.got.at(-1)!;
        assert.equal(raw, body);
        assert.deepEqual(values(fields, "content-length"), [String(body.length)], method);
        assert.deepEqual(values(fields, "transfer-encoding"), []);
      }
    }
    http2.close();
  }));

Deno.test("a body over HTTP/1.1 is framed as it was sent, whatever is announced", async () => {
  const bodies: [string, string, string, string | undefined][] = [
    ["Content-Length: 5", "hello", "hello", "5"],
    ["content-length: 5, 5", "hello", "hello", "5"],
    ["Content-Length: 5\r\nContent-Length: 5", "hello", "hello", "5"],
    ["Content-Length: 0", "", "", "0"],
    ["Transfer-Encoding: chunked", "5;x=y\r\nhello\r\n0\r\n\r\n", "hello", undefined],
    ["Transfer-Encoding: Chunked", "2\r\nhe\r\n3\r\nllo\r\n000\r\n\r\n", "hello", undefined],
  ];
  await scripted(async (world) => {
    for (const [announced, sent, expected, length] of bodies) {
      const visitor = await RawVisitor.open(world);
      visitor.send(`GET / HTTP/1.1\r\nHost: ${HOSTNAME}\r\n${announced}\r\n\r\n${sent}`);
      await visitor.upTo("\r\n\r\nok");
      const { fields, body } = world.got.at(-1)!;
      assert.equal(body, expected);
      assert.deepEqual(values(fields, "content-length"), length === undefined ? [] : [length]);
      visitor.close();
    }
  });
});

Deno.test("a request that is framed in two ways never reaches the app", async () => {
  const smuggled = [
    "Content-Length: 5\r\nTransfer-Encoding: chunked",
    "Content-Length: 5\r\nContent-Length: 6",
    "Content-Length: 5, 6",
    "Content-Length: -5",
    "Content-Length: 5 5",
    "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding: chunked\r\n folded",
    "Transfer-Encoding: \x0bchunked",
    "Content-Length: 5\r\n\tTransfer-Encoding: chunked",
  ];
  await scripted(async (world) => {
    for (const announced of smuggled) {
      const visitor = await RawVisitor.open(world);
      visitor.send(`POST / HTTP/1.1\r\nHost: ${HOSTNAME}\r\n${announced}\r\n\r\n`);
      visitor.send("0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n");
      await visitor.end();
      const text = visitor.received.toString("latin1");
      assert.match(text, /^HTTP\/1\.1 (?:400|501) /, announced);
      assert.equal(text.match(/HTTP\/1\.1 \d/g)!.length, 1, announced);
      visitor.close();
    }
    assert.deepEqual(world.got, []);
  });
});

Deno.test("requests that were sent together are answered one after another, each by its body", () =>
  scripted(async (world) => {
    const visitor = await RawVisitor.open(world);
    const head = (line: string, fields = ""): string =>
      `${line} HTTP/1.1\r\nHost: ${HOSTNAME}\r\n${fields}\r\n`;
    visitor.send(
      head("POST /1", "Content-Length: 5\r\n") + "hello" +
        head("POST /2", "Transfer-Encoding: chunked\r\n") + "5\r\nthere\r\n0\r\n\r\n" +
        head("GET /3") + head("GET /4", "Connection: close\r\n"),
    );
    await visitor.end();
    assert.equal(visitor.received.toString("latin1").match(/HTTP\/1\.1 200 OK/g)!.length, 4);
    assert.deepEqual(world.got.map(({ line, body }) => `${line.split(" ")[1]} ${body}`), [
      "/1 hello",
      "/2 there",
      "/3 ",
      "/4 ",
    ]);
    visitor.close();
  }));

Deno.test("a body over HTTP/2 whose end comes later is one of unknown length", async () => {
  let toldApp = Promise.withResolvers<void>();
  await scripted(async (world) => {
    const visitor = await RawHttp2.open(world);
    for (const [sent, raw] of [["", "0\r\n\r\n"], ["hello", "5\r\nhello\r\n0\r\n\r\n"]] as const) {
      const stream = visitor.ask("/", "DELETE");
      await toldApp.promise;
      visitor.send(frame(FRAME.data, FLAG.endStream, stream, sent));
      assert.equal(await visitor.ended(stream), undefined);
      assert.equal(world.got.at(-1)!.raw, raw);
    }
    visitor.close();
  }, {
    read: (exchange) =>
      readRequest({
        head: async () => {
          const head = await exchange.head();
          toldApp.resolve();
          toldApp = Promise.withResolvers();
          return head;
        },
        bytes: (length) => exchange.bytes(length),
      }),
  });
});

Deno.test("trailers over HTTP/2 reach the app behind a body that has come before it is told of it", () =>
  scripted(async (world) => {
    const visitor = await RawHttp2.open(world);
    const { stream, frame: head } = visitor.request("/", {
      method: "POST",
      flags: FLAG.endHeaders,
    });
    const trailers = fieldBlock([["x-sum", "7"]]);
    const end = frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, stream, trailers);
    visitor.send(head, frame(FRAME.data, 0, stream, "hello"), end);
    assert.equal(await visitor.ended(stream), undefined);
    assert.equal(world.got[0]!.raw, "5\r\nhello\r\n0\r\nx-sum: 7\r\n\r\n");
    visitor.close();
  }));

Deno.test("a body over HTTP/2 that is not as long as announced breaks off", () =>
  scripted(async (world) => {
    for (const [announced, sent] of [["5", "hell"], ["5", "hello!"], ["0", "x"]] as const) {
      const visitor = await RawHttp2.open(world);
      const stream = visitor.ask("/", "POST", ["content-length", announced]);
      visitor.send(frame(FRAME.data, FLAG.endStream, stream, sent));
      // Malformed (RFC 9113 section 8.1.1): an error of the stream or of its connection.
      await visitor.ended(stream).catch(() => {});
      visitor.close();
    }
    assert.deepEqual(world.got, []);
  }));
