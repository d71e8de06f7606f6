import assert from "node:assert/strict";
import {
  type Site,
  siteHandler,
  type SiteRequest,
} from "../../../../examples/client/front/site.ts";
import { staticFiles } from "../../../../examples/client/static_files.ts";
import { HttpExchange } from "../http_exchange.ts";
import { fronted as frontedHandler, HOSTNAME } from "./fronted.ts";
import { program } from "./programs.ts";
import { RawVisitor } from "./raw_visitor.ts";
import { withFolder } from "../story.ts";

/** Everything that a site's visitor gets for these bytes, one character a byte, until the end. */
async function said(site: Site, request: string): Promise<string> {
  let text = "";
  await frontedHandler(() => siteHandler(site), async (front) => {
    const visitor = await RawVisitor.open(front);
    visitor.send(request);
    await visitor.end();
    text = visitor.received.toString("latin1");
    visitor.close();
    assert.deepEqual(front.lines.filter((line) => / (?:warn|error) /.test(line)), []);
  });
  return text;
}

/** A request that ends its connection. */
function asking(line: string, ...fields: string[]): string {
  return [`${line} HTTP/1.1`, `Host: ${HOSTNAME}`, "Connection: close", ...fields, "", ""]
    .join("\r\n");
}

Deno.test("siteHandler() gives a site the request, without what belongs to the connection", async () => {
  const seen: SiteRequest[] = [];
  await said((request) => {
    seen.push(request);
    return new Response("");
  }, asking("GET /a%2Fb?c=d'e", "X-A: 1", "x-a: 2", "Expect: 100-continue", "Upgrade: x"));
  assert.equal(seen[0]!.url, `https://${HOSTNAME}/a%2Fb?c=d%27e`);
  assert.deepEqual([...seen[0]!.headers], [["x-a", "1, 2"]]);
});

Deno.test("siteHandler() gives a site every byte of a target as it was sent", async () => {
  const seen: string[] = [];
  await said((request) => {
    seen.push(new URL(request.url).pathname);
    return new Response("");
  }, asking("GET /caf\xc3\xa9/\xff\\b%5C"));
  assert.deepEqual(seen, ["/caf%c3%a9/%ff%5cb%5C"]);
});

Deno.test("siteHandler() frames every answer of a site", async () => {
  const endings: [() => Response, string, RegExp][] = [
    [
      () => new Response("body"),
      "GET /",
      /\r\ntransfer-encoding: chunked\r\n[^]*4\r\nbody\r\n0\r\n\r\n$/i,
    ],
    [
      () => new Response("body", { headers: { "content-length": "4" } }),
      "GET /",
      /\r\ncontent-length: 4\r\n[^]*\r\n\r\nbody$/i,
    ],
    [() => new Response(null), "GET /", /\r\ncontent-length: 0\r\n[^]*\r\n\r\n$/i],
    [() => new Response("body"), "HEAD /", /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n$/],
    [
      () => new Response(null, { status: 204 }),
      "GET /",
      /^HTTP\/1\.1 204 No Content\r\n[^]*\r\n\r\n$/,
    ],
    [
      () => new Response(null, { status: 304 }),
      "GET /",
      /^HTTP\/1\.1 304 Not Modified\r\n[^]*\r\n\r\n$/,
    ],
    [
      () => new Response(null, { status: 205, headers: { "content-length": "0" } }),
      "GET /",
      /^HTTP\/1\.1 205 [^]*\r\ncontent-length: 0\r\n[^]*\r\n\r\n$/i,
    ],
  ];
  for (const [site, line, expected] of endings) {
    const text = await said(() => site(), asking(line));
    assert.match(text, expected);
    assert.match(text, /\r\ndate: /i);
    assert.match(text, /\r\nconnection: close\r\n/i);
  }
});

Deno.test("siteHandler() has a folder's 304 say of caching what its 200 says, and nothing of a body", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/secrets`);
    await Deno.writeTextFile(`${folder}/index.html`, "x".repeat(5000));
    const site = await staticFiles(folder, `${folder}/secrets`);
    for (const encoding of ["gzip", "identity"]) {
      const takes = `Accept-Encoding: ${encoding}`;
      const validators = async (status: number, ...fields: string[]): Promise<string[]> => {
        const text = await said(site, asking("GET /", takes, ...fields));
        assert.ok(text.startsWith(`HTTP/1.1 ${status} `), text);
        const head = text.slice(0, text.indexOf("\r\n\r\n"));
        if (status === 304) assert.doesNotMatch(head, /^content-/im);
        return head.split("\r\n").filter((line) => /^(?:etag|vary|cache-control):/i.test(line));
      };
      const whole = await validators(200);
      assert.equal(whole.length, 3);
      const etag = whole.find((line) => line.startsWith("etag: "))!.slice("etag: ".length);
      assert.deepEqual(await validators(304, `If-None-Match: ${etag}`), whole);
    }
  }));

Deno.test("siteHandler() breaks off what a site cannot finish, and says 500 for what it cannot begin", async () => {
  const broken = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode("part"));
    },
    pull(controller) {
      controller.error(new Error("disk gone"));
    },
  });
  await frontedHandler(() =>
    siteHandler(({ url }) => {
      if (url.endsWith("/throws")) throw new Error("a bug");
      return new Response(broken);
    }), async (front) => {
    const visitor = await RawVisitor.open(front);
    visitor.send(asking("GET /"));
    await visitor.end();
    assert.doesNotMatch(visitor.received.toString("latin1"), /\r\n0\r\n/);
    const other = new HttpExchange(await front.visit());
    const { status, body } = await other.get("/throws");
    assert.equal(status, 500);
    assert.doesNotMatch(body, /a bug/);
    assert.ok(front.lines.some((line) => / error .*a bug/.test(line)));
  });
});

Deno.test("siteHandler() leaves methods to the site, those that a Request has no room for too", async () => {
  for (const method of ["TRACE", "TRACK", "PROPFIND"]) {
    const text = await said(({ method }) => new Response(method), asking(`${method} /`));
    assert.match(text, new RegExp(`^HTTP/1\\.1 200 [^]*\r\n${method}\r\n`));
  }
});

Deno.test("siteHandler() reads no upload, and answers it", () =>
  frontedHandler(() => siteHandler(() => new Response("no", { status: 405 })), async (front) => {
    const file = await Deno.makeTempFile();
    await Deno.writeFile(file, new Uint8Array(3_000_000));
    const ca = await Deno.makeTempFile();
    await Deno.writeTextFile(ca, front.pem);
    for (const version of ["--http1.1", "--http2"]) {
      const { text, code } = await program("curl", [
        ...["--silent", "--show-error", "--cacert", ca, version, "--upload-file", file],
        ...["--resolve", `${HOSTNAME}:${front.port}:127.0.0.1`],
        ...["--write-out", " %{http_code}", `https://${HOSTNAME}:${front.port}/`],
      ]);
      assert.equal(text, "no 405", version);
      assert.equal(code, 0);
    }
    await Deno.remove(file);
    await Deno.remove(ca);
    await front.empty();
  }));
