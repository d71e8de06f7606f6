import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { freePort } from "../../scripts/ports.ts";
import { writeAll } from "../../lib/net/splice.ts";
import { setUpGlosson } from "./glosson.ts";
import { openTls } from "./raw_https.ts";
import { BASE, startRelay } from "./relay.ts";
import { readToEnd, visit } from "./user.ts";

const HOST = `kaylee.${BASE}`;
const BODY = crypto.getRandomValues(new Uint8Array(65_536));
const PIECES = 160;

/** What an app got and gave, in one line. */
function digest(pieces: number): string {
  const hash = createHash("sha256");
  for (let i = 0; i < pieces; i++) hash.update(BODY);
  return hash.digest("hex");
}

Deno.test("where only the relay's own port can be reached visitors come by WebSockets, and that is remembered", async () => {
  // Nothing listens at the data port that clients are told.
  const settings = { PUBLIC_DATA_PORT: String(freePort()) };
  await using relay = await startRelay({ settings });
  await using app = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      if (request.method === "GET") {
        return new Response(ReadableStream.from(Array.from({ length: PIECES }, () => BODY)));
      }
      const hash = createHash("sha256");
      for await (const chunk of request.body!) hash.update(chunk);
      return new Response(hash.digest("hex"));
    },
  );
  await using glosson = await setUpGlosson(relay, "kaylee");
  const run = glosson.run("--upstream", `${app.addr.port}`, "--verbose");
  await run.said(
    / info +The relay's data port cannot be used in this network: visitors come by WebSockets/,
  );

  // Both ways, many bytes, with a visitor who ends their side first.
  const { status, body } = await visit(relay, HOST, "/large");
  assert.equal(status, 200);
  assert.ok(body.length > 0);
  const tls = await openTls(relay, { listener: "hub", serverName: HOST });
  const length = PIECES * BODY.length;
  await writeAll(
    tls,
    new TextEncoder().encode(
      `POST / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n`,
    ),
  );
  for (let i = 0; i < PIECES; i++) await writeAll(tls, BODY);
  await tls.closeWrite();
  assert.match(
    new TextDecoder().decode(await readToEnd(tls)),
    new RegExp(`\\b${digest(PIECES)}\\b`),
  );
  tls.close();

  const { code, stdout } = await glosson.command("status", "--json");
  const { data } = JSON.parse(stdout);
  assert.deepEqual([code, data.works, data.over], [0, true, "websocket"]);
  assert.match(
    (await glosson.command("status")).stdout,
    /can be served: by WebSockets to the relay's own port/,
  );
  assert.ok(
    !run.lines.some((line) => line.includes("CANNOT") || line.includes("cannot be served")),
  );
  assert.equal((await run.stop()).code, 0);

  // The next one begins with what worked: not one connection is tried in vain.
  const again = glosson.run("--upstream", `${app.addr.port}`, "--verbose");
  await again.said(/ debug +The relay's data port is reached.* over=websocket/);
  assert.ok(!again.lines.some((line) => /data port cannot be used/.test(line)));
  assert.equal((await again.stop()).code, 0);
});
