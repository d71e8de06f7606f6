// A plain HTTP server that tells what it was asked: node pages.mjs PORT
import { createHash } from "node:crypto";
import { createServer } from "node:http";

const LARGE = Buffer.alloc(1024 * 1024, "glosson\n");

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://x");
  if (pathname === "/small") return response.end("small\n");
  if (pathname === "/moved") return response.writeHead(302, { location: "/small" }).end();
  if (pathname === "/here") {
    return response.writeHead(301, { location: `http://${request.headers.host}/small` }).end();
  }
  if (pathname === "/nothing") return response.writeHead(204).end();
  if (pathname === "/gone") return response.writeHead(410, "No More").end("gone\n");
  if (pathname === "/chunks") {
    response.writeHead(200, { trailer: "x-sum" });
    for (let i = 0; i < 20; i++) response.write(`chunk ${i}\n`);
    response.addTrailers({ "x-sum": "20" });
    return response.end();
  }
  if (pathname === "/cookies") {
    response.setHeader("set-cookie", ["a=1; Path=/", "b=2; HttpOnly", "c=3; Max-Age=60"]);
    return response.end(`${request.headers.cookie ?? "none"}\n`);
  }
  if (pathname === "/large") {
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    response.setHeader("etag", '"large"');
    response.setHeader("last-modified", "Tue, 01 Jan 2019 00:00:00 GMT");
    response.setHeader("accept-ranges", "bytes");
    if (request.headers["if-none-match"] === '"large"') return response.writeHead(304).end();
    if (range === null) {
      return response.writeHead(200, { "content-length": LARGE.length }).end(
        request.method === "HEAD" ? undefined : LARGE,
      );
    }
    const [from, to] = [Number(range[1]), Number(range[2])];
    return response.writeHead(206, {
      "content-range": `bytes ${from}-${to}/${LARGE.length}`,
      "content-length": to - from + 1,
    }).end(LARGE.subarray(from, to + 1));
  }
  const hash = createHash("sha256");
  let bytes = 0;
  request.on("data", (chunk) => {
    hash.update(chunk);
    bytes += chunk.length;
  });
  request.on("end", () => {
    // What the way itself adds or takes away says nothing about what was asked.
    const ofTheWay = /^(host|connection|te|x-forwarded-.*|x-real-ip|forwarded|via)$/;
    const headers = Object.entries(request.headers).filter(([name]) => !ofTheWay.test(name));
    const said = {
      method: request.method,
      url: request.url,
      headers: Object.fromEntries(headers.sort()),
      trailers: request.trailers,
      bytes,
      sha256: hash.digest("hex"),
    };
    response.setHeader("content-type", "application/json");
    response.end(`${JSON.stringify(said)}\n`);
  });
});
server.listen(Number(process.argv[2]), "127.0.0.1");
