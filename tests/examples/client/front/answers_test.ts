import assert from "node:assert/strict";
import * as net from "node:net";
import { upstreamHandler } from "../../../../examples/client/proxy/pass.ts";
import { parseUpstream } from "../../../../examples/client/proxy/upstream.ts";
import { writeAll } from "../../../../lib/net/splice.ts";
import { readAll } from "../../../net/pipe.ts";
import { fronted, HOSTNAME } from "./fronted.ts";
import { fieldBlock, FLAG, FRAME, frame } from "./http2_frames.ts";
import { RawHttp2 } from "./raw_http2.ts";
import { RawVisitor } from "./raw_visitor.ts";
import { scripted, values, VERSIONS } from "./scripted_app.ts";

/** Odd answers of apps, and what a visitor is to see of each, in whichever version. */
const ODD: [string, string, RegExp][] = [
  [
    "a space before the colon",
    "HTTP/1.1 200 OK\r\nServer : GoAhead\r\nContent-Length: 2\r\n\r\nok",
    /^server: GoAhead\r$[^]*ok$/mi,
  ],
  [
    "a folded field",
    "HTTP/1.1 200 OK\r\nX-Folded: a\r\n  b\r\nContent-Length: 2\r\n\r\nok",
    /^x-folded: a b\r$[^]*ok$/mi,
  ],
  [
    "an identity coding beside a length",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nok more",
    /^content-length: 2\r$[^]*\n\r\nok$/mi,
  ],
  [
    "a name that is no token",
    "HTTP/1.1 200 OK\r\nX(foo): 1\r\nX-Bar: 2\r\nContent-Length: 2\r\n\r\nok",
    /^x-bar: 2\r$[^]*ok$/mi,
  ],
  [
    "a field of 20,000 bytes",
    `HTTP/1.1 200 OK\r\nX-Long: ${"x".repeat(20_000)}\r\nContent-Length: 2\r\n\r\nok`,
    /^x-long: x{20000}\r$[^]*ok$/mi,
  ],
  [
    "names that every object has",
    "HTTP/1.1 200 OK\r\nconstructor: a\r\n__proto__: b\r\nvalueof: c\r\nContent-Length: 2\r\n\r\nok",
    /^constructor: a\r\n__proto__: b\r\nvalueof: c\r$[^]*ok$/mi,
  ],
  ["ICY", "ICY 200 OK\r\nContent-Length: 2\r\n\r\nok", /^HTTP\/\S+ 200[^]*ok$/],
  ["HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nok", /^HTTP\/\S+ 200[^]*ok$/],
  ["bare line feeds", "HTTP/1.1 200 OK\nX-Bar: 2\nContent-Length: 2\n\nok", /x-bar: 2\r\n[^]*ok$/i],
  ["no reason", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", /^HTTP\/\S+ 200[^]*ok$/],
  [
    "UTF-8 in a value",
    "HTTP/1.1 200 OK\r\nX-Utf: caf\xc3\xa9\r\nContent-Length: 2\r\n\r\nok",
    /^x-utf: caf\xc3\xa9\r$[^]*ok$/mi,
  ],
  [
    "a length said twice",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
    /^content-length: 2\r$[^]*ok$/mi,
  ],
  [
    "chunks beside a length",
    "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    /^HTTP\/\S+ 200(?![^]*content-length: 9)[^]*ok$/i,
  ],
  [
    "white space around a chunk's size",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2  ; a=b\r\nok\r\n0\r\n\r\n",
    /^HTTP\/\S+ 200[^]*ok$/,
  ],
  [
    "an empty 205",
    "HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n",
    /^HTTP\/\S+ 205[^]*\r\n\r\n$/,
  ],
  [
    "204 with a length",
    "HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n",
    /^HTTP\/\S+ 204[^]*\r\n\r\n$/,
  ],
  [
    "304 with a length",
    'HTTP/1.1 304 Not\r\nETag: "x"\r\nContent-Length: 9\r\n\r\n',
    /^HTTP\/\S+ 304[^]*etag: "x"[^]*\r\n\r\n$/i,
  ],
  [
    "304 with a length said twice",
    'HTTP/1.1 304 Not\r\nETag: "x"\r\nContent-Length: 9\r\nContent-Length: 9\r\n\r\n',
    /^HTTP\/\S+ 304(?![^]*length: 9[^]*length: 9)[^]*etag: "x"[^]*\r\n\r\n$/i,
  ],
  [
    "304 with a length that is none",
    'HTTP/1.1 304 Not\r\nETag: "x"\r\nContent-Length: nine\r\n\r\n',
    /^HTTP\/\S+ 304(?![^]*length)[^]*etag: "x"[^]*\r\n\r\n$/i,
  ],
  [
    "its first line twice",
    "HTTP/1.1 200 OK\r\nHTTP/1.1 200 OK\r\nX-Bar: 2\r\nContent-Length: 2\r\n\r\nok",
    /^HTTP\/\S+ 200[^]*^x-bar: 2\r$[^]*ok$/mi,
  ],
  [
    "its coding said twice",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" +
    "2\r\nok\r\n0\r\n\r\n",
    /^HTTP\/\S+ 200[^]*ok$/,
  ],
  [
    "a length in its interim answer",
    "HTTP/1.1 103 Early\r\nContent-Length: 0\r\nLink: </a>\r\n\r\n" +
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    /^HTTP\/\S+ 103(?![^]*length: 0)[^]*200[^]*ok$/i,
  ],
  [
    "a chunk's size in many digits",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0000000000000002\r\nok\r\n0\r\n\r\n",
    /^HTTP\/\S+ 200[^]*ok$/,
  ],
  [
    "trailers that are none, folded, or with a space",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n" +
    "0\r\n:status: 1\r\nno colon\r\nX-Sum : 7\r\nX-Folded: a\r\n b\r\n\r\n",
    /^HTTP\/\S+ 200[^]*okx-sum: 7\r\nx-folded: a b\r\n$/i,
  ],
  [
    "cookies and challenges that are several",
    "HTTP/1.1 401 No\r\nSet-Cookie: a=1, x\r\nSet-Cookie: b=2\r\nWWW-Authenticate: Basic\r\n" +
    "WWW-Authenticate: Bearer\r\nContent-Length: 2\r\n\r\nok",
    /set-cookie: a=1, x\r\nset-cookie: b=2\r\nwww-authenticate: Basic\r\nwww-authenticate: Bearer/i,
  ],
];

/** curl's arguments for an upload that asks the server before it is sent. */
const ASKING_UPLOAD = ["-d", "x".repeat(5_000), "-H", "Expect: 100-continue"];

for (const version of VERSIONS) {
  for (const [what, answer, expected] of ODD) {
    Deno.test(`an app's answer with ${what} reaches the visitor, ${version}`, () =>
      scripted(async ({ curl }) => {
        const { text, code } = await curl(version, "/");
        assert.equal(code, 0);
        assert.match(text, expected);
      }, { answer }));
  }

  Deno.test(`trailers of an answer reach a visitor who takes them, ${version}`, () =>
    scripted(async ({ curl, got }) => {
      const { text } = await curl(version, "/", "-H", "TE: trailers");
      assert.match(text, /\r\ntrailer: X-Sum\r\n/i);
      assert.match(text, /okx-sum: 7\r\n|\nx-sum: 7\r\n/i);
      assert.deepEqual(values(got[0]!.fields, "te"), ["trailers"]);
    }, {
      answer: "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n" +
        "2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n",
    }));

  Deno.test(`an answer has a date, the app's own where it says one, ${version}`, () =>
    scripted(async ({ curl }) => {
      const before = Math.floor(Date.now() / 1000) * 1000;
      const { text } = await curl(version, "/silent");
      const [, date] = /^date: (.*)\r$/mi.exec(text) ?? [];
      assert.ok(Date.parse(date!) >= before, text);
      const said = (await curl(version, "/")).text.match(/^date: .*$/gmi);
      assert.deepEqual(said?.map((line) => line.slice(6)), ["Tue, 01 Jan 2019 00:00:00 GMT"]);
      // Answers of the client itself, too.
      assert.match((await curl(version, "/", "-X", "CONNECT")).text, /^date: .* GMT\r$/mi);
    }, {
      async answer({ line }, exchange) {
        const date = line.includes("silent") ? "" : "Date: Tue, 01 Jan 2019 00:00:00 GMT\r\n";
        await exchange.sendBytes(`HTTP/1.1 200 OK\r\n${date}Content-Length: 2\r\n\r\nok`);
      },
    }));

  Deno.test(`interim answers reach the visitor before the answer, ${version}`, () =>
    scripted(async ({ curl }) => {
      const { text } = await curl(version, "/");
      assert.match(text, /^HTTP\/\S+ 103[^]*link: <\/a>; rel=preload[^]*HTTP\/\S+ 200[^]*ok$/i);
    }, {
      answer: "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n" +
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    }));

  Deno.test(`the app decides before 100 Continue whether it takes an upload, ${version}`, () =>
    scripted(async ({ curl, got }) => {
      const { text } = await curl(version, "/", ...ASKING_UPLOAD);
      assert.match(text, /^HTTP\/\S+ 100[^]*HTTP\/\S+ 200[^]*ok$/);
      assert.deepEqual(values(got[0]!.fields, "expect"), ["100-continue"]);
      assert.equal(got[0]!.body.length, 5_000);
    }, {
      async read(exchange) {
        const head = await exchange.head();
        await exchange.send("HTTP/1.1 100 Continue\r\n\r\n");
        const length = Number(/content-length: (\d+)/i.exec(head)![1]);
        const body = await exchange.bytes(length);
        const fields = head.trimEnd().split("\r\n").slice(1).map((line): [string, string] => {
          const colon = line.indexOf(":");
          return [line.slice(0, colon), line.slice(colon + 1).trim()];
        });
        return { line: "", fields, body, raw: body };
      },
    }));

  Deno.test(`an app that refuses an upload it was asked about is heard, ${version}`, () =>
    scripted(async ({ curl }) => {
      const { text } = await curl(version, "/", ...ASKING_UPLOAD);
      assert.match(text, /^HTTP\/\S+ 413[^]*big$/);
      assert.doesNotMatch(text, /HTTP\/\S+ 100/);
    }, {
      async read(exchange) {
        await exchange.head();
        return { line: "", fields: [], body: "", raw: "" };
      },
      answer: "HTTP/1.1 413 Large\r\nContent-Length: 3\r\n\r\nbig",
    }));
}

Deno.test("an answer without a length to an upload that the app does not read is whole", async () => {
  // A system resets a connection that is closed with bytes unread.
  const app = net.createServer((socket) => {
    socket.once("data", () => {
      socket.write("HTTP/1.1 401 Who\r\n\r\nno", () => socket.resetAndDestroy());
    });
  });
  await new Promise<void>((resolve) => app.listen(0, "127.0.0.1", resolve));
  const upstream = parseUpstream(String((app.address() as net.AddressInfo).port));
  await fronted((world) => upstreamHandler({ upstream, ...world }), async (world) => {
    for (let i = 0; i < 5; i++) {
      const http1 = await RawVisitor.open(world);
      const http2 = await RawHttp2.open(world);
      http1.send(`POST / HTTP/1.1\r\nHost: ${HOSTNAME}\r\nContent-Length: 9\r\n\r\npart`);
      assert.match(await http1.upTo("0\r\n\r\n"), /^HTTP\/1\.1 401[^]*\r\n\r\n2\r\nno\r\n/);
      const stream = http2.ask("/", "POST");
      http2.send(frame(FRAME.data, 0, stream, "part"));
      assert.equal(await http2.ended(stream), undefined);
      http1.close();
      http2.close();
    }
  });
  await new Promise((resolve) => app.close(resolve));
});

Deno.test("an answer to an upload that has not ended says that the connection will", () =>
  scripted(async (world) => {
    for (const [sent, closes] of [["part", true], ["all of it", false]] as const) {
      const visitor = await RawVisitor.open(world);
      visitor.send(`POST / HTTP/1.1\r\nHost: ${HOSTNAME}\r\nContent-Length: 9\r\n\r\n${sent}`);
      const head = await visitor.upTo("\r\n\r\n");
      assert.equal(/\r\nconnection: close\r\n/i.test(head), closes, sent);
      visitor.close();
    }
  }, {
    async read(exchange) {
      await exchange.head();
      await exchange.bytes("part".length);
      return { line: "", fields: [], body: "", raw: "" };
    },
  }));

Deno.test("statuses of every number reach the visitor, or one that browsers take for the same", async () => {
  let status = 0;
  await scripted(async (world) => {
    const http1 = await RawVisitor.open(world);
    const http2 = await RawHttp2.open(world);
    for (status = 200; status <= 999; status += status < 600 ? 7 : 57) {
      http1.send(`GET / HTTP/1.1\r\nHost: ${HOSTNAME}\r\n\r\n`);
      const head = await http1.upTo("\r\n\r\n");
      assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `));
      if (![204, 304].includes(status)) await http1.upTo("ok");
      const stream = http2.ask("/");
      assert.equal(await http2.ended(stream), undefined, String(status));
    }
    http1.close();
    http2.close();
  }, {
    answer: (_, exchange) =>
      exchange.send(
        `HTTP/1.1 ${status} Odd\r\nContent-Length: 2\r\n\r\n${
          [204, 304].includes(status) ? "" : "ok"
        }`,
      ),
  });
});

Deno.test("trailers of a request reach the app, over both versions", () =>
  scripted(async (world) => {
    const http1 = await RawVisitor.open(world);
    http1.send(
      `POST / HTTP/1.1\r\nHost: ${HOSTNAME}\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n` +
        "2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n",
    );
    await http1.upTo("\r\n\r\nok");
    assert.match(world.got[0]!.raw, /0\r\nX-Sum: 7\r\n\r\n$/);
    http1.close();
    const http2 = await RawHttp2.open(world);
    const stream = http2.ask("/", "POST", ["trailer", "x-sum"]);
    http2.send(
      frame(FRAME.data, 0, stream, "ok"),
      frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, stream, fieldBlock([["x-sum", "7"]])),
    );
    assert.equal(await http2.ended(stream), undefined);
    assert.match(world.got[1]!.raw, /0\r\nx-sum: 7\r\n\r\n$/i);
    http2.close();
  }));

Deno.test("an answer of HTTP/1.0 style to HTTP/1.0 ends with the connection", () =>
  scripted(async (world) => {
    for (const fields of ["", "Connection: keep-alive\r\n"]) {
      const visitor = await RawVisitor.open(world);
      visitor.send(`GET / HTTP/1.0\r\nHost: ${HOSTNAME}\r\n${fields}\r\n`);
      await visitor.end();
      const text = visitor.received.toString("latin1");
      assert.match(text, /\r\n\r\nhello there$/);
      assert.doesNotMatch(text, /transfer-encoding/i);
      visitor.close();
    }
  }, {
    answer:
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n there\r\n0\r\n\r\n",
  }));

Deno.test("no interim answer is sent to HTTP/1.0", () =>
  scripted(async (world) => {
    const visitor = await RawVisitor.open(world);
    visitor.send(`GET / HTTP/1.0\r\nHost: ${HOSTNAME}\r\n\r\n`);
    await visitor.end();
    assert.match(visitor.received.toString("latin1"), /^HTTP\/1\.1 200 OK\r\n/);
    visitor.close();
  }, {
    answer: "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
  }));

Deno.test("an answer that is torn is not taken for a whole one, in any version", async () => {
  const torn = [
    "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nno size\r\n",
  ];
  for (const answer of torn) {
    await scripted(async ({ curl }) => {
      for (const version of VERSIONS) {
        const { text, code } = await curl(version, "/");
        assert.notEqual(code, 0, `${version} ${answer} ${text}`);
      }
    }, { answer });
  }
});

Deno.test("a torn answer whose end only TLS tells ends without its word", async () => {
  for (const [last, whole] of [["0\r\n\r\n", true], ["", false], ["no size\r\n", false]] as const) {
    await scripted(async ({ visit }) => {
      const conn = await visit(["http/1.1"]);
      await writeAll(conn, new TextEncoder().encode(`GET / HTTP/1.0\r\nHost: ${HOSTNAME}\r\n\r\n`));
      const reading = readAll(conn);
      if (whole) assert.match(new TextDecoder().decode(await reading), /half$/);
      else await assert.rejects(reading, Deno.errors.UnexpectedEof);
      conn.close();
    }, {
      answer: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n${last}`,
    });
  }
});
