import assert from "node:assert/strict";
import type { Field } from "../../../../examples/client/http/fields.ts";
import { MAX_FIELDS, MAX_HEAD_BYTES } from "../../../../examples/client/http/head.ts";
import { HOSTNAME } from "./fronted.ts";
import { fieldBlock, FLAG, FRAME, frame, requestFields } from "./http2_frames.ts";
import { RawHttp2 } from "./raw_http2.ts";
import { RawVisitor } from "./raw_visitor.ts";
import { type Scripted, scripted, values, VERSIONS } from "./scripted_app.ts";

/** Targets that a program which reads them as URLs would write otherwise. */
const TARGETS = [
  "/d?Sig=x&f=it's",
  "/p?",
  "/a/../b",
  "/a/%2e%2e/b",
  "/./a/.",
  "/a\\b",
  "/{x}",
  '/q?x=a"b',
  "/a//b///",
  "//two",
  "/%7E%7e~",
  "/caf%C3%A9",
  "/a;b=c,d?e[]=f|g`h^i",
  "/?q=1#frag",
  "/" + "x".repeat(8_000),
];

Deno.test("a target over HTTP/1.1 reaches the app as it was sent, byte for byte", () =>
  scripted(async (world) => {
    for (const target of [...TARGETS, "/caf\xc3\xa9", "/\xff\x80\x85\xa0"]) {
      const visitor = await RawVisitor.open(world);
      visitor.send(`GET ${target} HTTP/1.1\r\nHost: ${HOSTNAME}\r\n\r\n`);
      await visitor.upTo("\r\n\r\nok");
      assert.equal(world.got.at(-1)!.line, `GET ${target} HTTP/1.1`);
      visitor.close();
    }
    const visitor = await RawVisitor.open(world);
    // The server as a whole, in both forms (RFC 9112 section 3.2.4).
    for (const target of ["*", `https://${HOSTNAME}`]) {
      visitor.send(`OPTIONS ${target} HTTP/1.1\r\nHost: ${HOSTNAME}\r\n\r\n`);
      await visitor.upTo("\r\n\r\nok");
      assert.equal(world.got.at(-1)!.line, "OPTIONS * HTTP/1.1");
    }
    visitor.close();
  }));

Deno.test("a target over HTTP/2 reaches the app as it was sent, byte for byte", () =>
  scripted(async (world) => {
    const visitor = await RawHttp2.open(world);
    for (const target of TARGETS) {
      assert.equal(await visitor.ended(visitor.ask(target)), undefined, target);
      assert.equal(world.got.at(-1)!.line, `GET ${target} HTTP/1.1`);
    }
    visitor.close();
  }));

Deno.test("a target with a host in it reaches the app as path and Host", () =>
  scripted(async (world) => {
    for (
      const [target, path] of [
        [`https://${HOSTNAME}/a//b?c`, "/a//b?c"],
        [`HTTP://${HOSTNAME}`, "/"],
        [`https://${HOSTNAME}?q`, "/?q"],
      ] as const
    ) {
      const visitor = await RawVisitor.open(world);
      visitor.send(`GET ${target} HTTP/1.1\r\nHost: other.example\r\n\r\n`);
      await visitor.upTo("\r\n\r\nok");
      const { line, fields } = world.got.at(-1)!;
      assert.equal(line, `GET ${path} HTTP/1.1`);
      assert.deepEqual(values(fields, "host"), [HOSTNAME]);
      visitor.close();
    }
  }));

for (const version of VERSIONS) {
  Deno.test(`fields of a visitor reach the app as they were said, ${version}`, () =>
    scripted(async ({ curl, got }) => {
      const many = Array.from({ length: 300 }, (_, i) => ["-H", `X-${i}: ${i}`]).flat();
      const said = await curl(
        version,
        "/",
        ...["-H", "X-Utf: caf\u00e9", "-H", "X-Same: 1", "-H", "X-Same: 2", "-H", "X-Empty;"],
        ...["-H", "Origin: https://other.example", "-H", "User-Agent: odd (thing)/1"],
        ...many,
      );
      assert.match(said.text, /ok$/);
      const { fields } = got[0]!;
      assert.deepEqual(values(fields, "x-utf"), ["caf\xc3\xa9"]);
      assert.deepEqual(values(fields, "x-same"), ["1", "2"]);
      assert.deepEqual(values(fields, "x-empty"), [""]);
      assert.deepEqual(values(fields, "origin"), ["https://other.example"]);
      assert.deepEqual(values(fields, "user-agent"), ["odd (thing)/1"]);
      assert.deepEqual(values(fields, "host"), [`${HOSTNAME}:${world(got)}`]);
      for (let i = 0; i < 300; i++) assert.deepEqual(values(fields, `x-${i}`), [String(i)]);
    }));

  for (const bytes of [17_000, 60_000]) {
    Deno.test(`a cookie of ${bytes} bytes reaches the app, ${version}`, () =>
      withLongCookie(version, bytes, ({ text }, { got }) => {
        assert.match(text, /ok$/);
        assert.deepEqual(values(got[0]!.fields, "cookie"), [`s=${"a".repeat(bytes)}`]);
      }));
  }

  Deno.test(`a cookie of an app above 16 KiB reaches the visitor, ${version}`, () => {
    const cookie = `s=${"a".repeat(17_000)}`;
    const answer = `HTTP/1.1 200 OK\r\nSet-Cookie: ${cookie}\r\nContent-Length: 2\r\n\r\nok`;
    return scripted(async ({ curl }) => {
      const { text } = await curl(version, "/");
      assert.ok(text.includes(cookie));
      assert.match(text, /ok$/);
    }, { answer });
  });

  Deno.test(`200 fields of an app reach the visitor, ${version}`, () => {
    const fields = Array.from({ length: 200 }, (_, i) => `X-${i}: ${i}\r\n`).join("");
    const answer = `HTTP/1.1 200 OK\r\n${fields}Content-Length: 2\r\n\r\nok`;
    return scripted(async ({ curl }) => {
      const { text } = await curl(version, "/");
      for (let i = 0; i < 200; i++) assert.match(text, new RegExp(`^x-${i}: ${i}\\r$`, "mi"));
    }, { answer });
  });
}

Deno.test("a cookie above 64 KiB is refused with 431 over HTTP/1.1", () =>
  withLongCookie("--http1.1", MAX_HEAD_BYTES, ({ text }, { got }) => {
    assert.match(text.slice(0, 2_000), /^HTTP\/1\.1 431/);
    assert.deepEqual(got, []);
  }));

/** What is too much over HTTP/2. */
const TOO_MUCH: Record<string, Field[]> = {
  "a cookie above 64 KiB": [["cookie", `s=${"a".repeat(MAX_HEAD_BYTES)}`]],
  "more than 1,000 fields": Array.from({ length: MAX_FIELDS + 1 }, () => ["a", ""]),
};

for (const [what, fields] of Object.entries(TOO_MUCH)) {
  Deno.test(`${what} are refused with 431 over HTTP/2, and the connection goes on`, () =>
    scripted(async (world) => {
      // By hand: nothing of curl's sends so much.
      const visitor = await RawHttp2.open(world);
      const block = fieldBlock(requestFields("GET", "/", HOSTNAME, ...fields));
      for (let at = 0; at < block.length; at += 16_384) {
        const flags = at + 16_384 < block.length ? 0 : FLAG.endHeaders;
        const part = block.subarray(at, at + 16_384);
        visitor.send(
          at === 0
            ? frame(FRAME.headers, flags | FLAG.endStream, 1, part)
            : frame(FRAME.continuation, flags, 1, part),
        );
      }
      const { payload } = await visitor.until(({ type }) => type === FRAME.headers);
      assert.ok(payload.includes("431"), payload.toString("latin1"));
      assert.equal(await visitor.ended(1), undefined);
      const { stream, frame: next } = { stream: 3, frame: visitor.request("/").frame };
      next.writeUInt32BE(stream, 5);
      visitor.send(next);
      assert.equal(await visitor.ended(stream), undefined);
      assert.equal(world.got.length, 1);
      visitor.close();
    }));
}

/** The port in the Host of a request. */
function world(got: Scripted["got"]): string {
  return values(got[0]!.fields, "host")[0]!.split(":")[1]!;
}

/** Asks with a cookie of so many bytes, which no command line holds. */
function withLongCookie(
  version: string,
  bytes: number,
  check: (said: { text: string }, world: Scripted) => void,
): Promise<void> {
  return scripted(async (world) => {
    const file = await Deno.makeTempFile();
    try {
      await Deno.writeTextFile(file, `Cookie: s=${"a".repeat(bytes)}\n`);
      check(await world.curl(version, "/", "-H", `@${file}`), world);
    } finally {
      await Deno.remove(file);
    }
  });
}

Deno.test("crumbs of a cookie over HTTP/2 reach the app as one field", () =>
  scripted(async (world) => {
    const visitor = await RawHttp2.open(world);
    const crumbs = [["cookie", "a=1"], ["cookie", "b=2"], ["x-a", "1"], ["cookie", "c=3"]] as const;
    assert.equal(await visitor.ended(visitor.ask("/", "GET", ...crumbs)), undefined);
    assert.deepEqual(values(world.got[0]!.fields, "cookie"), ["a=1; b=2; c=3"]);
    visitor.close();
  }));

Deno.test("what no field over HTTP/2 may hold never reaches the app", () =>
  scripted(async (world) => {
    const bad: (readonly [string, string])[] = [
      ["x-bad", "a\r\nX-Bad: 1"],
      ["x-bad", "a\nb"],
      ["x-bad", "a\0b"],
      ["x-bad\r\nx-bad", "1"],
      ["x bad", "1"],
      ["X-Bad", "1"],
      ["x:bad", "1"],
      ["", "bad"],
      ["connection", "bad"],
      ["transfer-encoding", "bad"],
      [":path", "/bad"],
      [":bad", "1"],
    ];
    for (const field of bad) {
      const visitor = await RawHttp2.open(world);
      await visitor.ended(visitor.ask("/", "GET", field)).catch(() => {});
      visitor.close();
    }
    // Whether such a request is refused or goes on without the field.
    for (const { line, fields } of world.got) assert.doesNotMatch(`${line}\n${fields}`, /bad/i);
  }));

Deno.test("what no request line may hold never reaches the app over HTTP/2", () =>
  scripted(async (world) => {
    for (const target of ["/a b", "/\r\nX: y", "/\x00", "", "noslash", "/\x7f"]) {
      const visitor = await RawHttp2.open(world);
      await visitor.ended(visitor.ask(target)).catch(() => {});
      visitor.close();
    }
    for (const method of ["G T", "GET / HTTP/1.1\r\nX: y\r\n\r\nGET", "", "CONNECT"]) {
      const visitor = await RawHttp2.open(world);
      await visitor.ended(visitor.ask("/", method)).catch(() => {});
      visitor.close();
    }
    assert.deepEqual(world.got, []);
  }));

Deno.test("a Host that is missing, doubled or odd is refused or passed as it is", () =>
  scripted(async (world) => {
    for (
      const [head, status] of [
        ["GET / HTTP/1.1\r\n\r\n", 400],
        [`GET / HTTP/1.1\r\nHost: ${HOSTNAME}\r\nHost: ${HOSTNAME}\r\n\r\n`, 400],
        ["GET / HTTP/1.0\r\n\r\n", 200],
        [`GET / HTTP/1.1\r\nHost: ${HOSTNAME.toUpperCase()}:443\r\n\r\n`, 200],
      ] as const
    ) {
      const visitor = await RawVisitor.open(world);
      visitor.send(head);
      assert.match(await visitor.upTo("\r\n\r\n"), new RegExp(`^HTTP/1\\.1 ${status} `), head);
      visitor.close();
    }
  }));
