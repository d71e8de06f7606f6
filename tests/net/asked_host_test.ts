import assert from "node:assert/strict";
import { type AskedHost, askedHost } from "../../lib/net/asked_host.ts";
import { closeQuietly, writeAll } from "../../lib/net/splice.ts";
import { serveSocket } from "../../lib/net/serve_socket.ts";
import { readAll, text } from "./pipe.ts";

const BAD: AskedHost = { state: "bad" };
const NONE: AskedHost = { state: "none" };

/** What the real server makes of a request's target and Host field; null sends none. */
const CASES: [target: string, field: string | null, asked: AskedHost][] = [
  ["/", "kaylee.test", { state: "host", host: "kaylee.test" }],
  ["/", "KAYLEE.Test.:4430", { state: "host", host: "kaylee.test" }],
  ["/", "kaylee.test:", { state: "host", host: "kaylee.test" }],
  ["/", "127.0.0.1:1", { state: "host", host: "127.0.0.1" }],
  ["/", "[::1]:1", { state: "host", host: "[::1]" }],
  // An absolute target stands above the field.
  ["http://other.test/x", "kaylee.test", { state: "host", host: "other.test" }],
  ["HTTPS://Other.test:9/x", "kaylee.test", { state: "host", host: "other.test" }],
  ["https://other.test/x", null, { state: "host", host: "other.test" }],
  ["https://other.test/x", "a b", BAD],
  ["https://user@other.test/x", "kaylee.test", BAD],
  ["ftp://kaylee.test/x", "kaylee.test", BAD],
  ["/", null, NONE],
  ["/", "", NONE],
  ["/", "a b", BAD],
  ["/", "user@kaylee.test", BAD],
  ["/", "kaylee.test, other.test", BAD],
  ["/", "kaylee.test:99999", BAD],
  ["/", "kaylee.test:x", BAD],
  ["/", "kaylee.test/x", BAD],
  ["/", "\xe4.test", BAD],
  ["/", "[::1", BAD],
  ["/", "..", BAD],
  // Not what the runtime puts in the place of a host.
  ["/", "localhost", { state: "host", host: "localhost" }],
  ["//other.test/x", "kaylee.test", { state: "host", host: "kaylee.test" }],
];

Deno.test("askedHost() finds whom a request is for, or that it does not say", async () => {
  const asked: AskedHost[] = [];
  const folder = await Deno.makeTempDir();
  const path = `${folder}/a.sock`;
  const server = serveSocket(path, (request) => {
    asked.push(askedHost(request));
    return new Response();
  });
  for (const [target, field, expected] of CASES) {
    const conn = await Deno.connect({ transport: "unix", path });
    const host = field === null ? "" : `Host: ${field}\r\n`;
    const request = `GET ${target} HTTP/1.1\r\n${host}Connection: close\r\n\r\n`;
    await writeAll(conn, Uint8Array.from(request, (c) => c.charCodeAt(0)));
    const answer = text(await readAll(conn));
    closeQuietly(conn);
    assert.match(answer, /^HTTP\/1\.1 200 /, `${target} ${field}`);
    assert.deepEqual(asked.pop(), expected, `${target} ${field}`);
  }
  await server.shutdown();
  await Deno.remove(folder);
});
