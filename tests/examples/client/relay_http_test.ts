import assert from "node:assert/strict";
import { openRelayHttp } from "../../../examples/client/relay_http.ts";
import { closeQuietly } from "../../../lib/net/splice.ts";
import { Authority } from "../../../examples/conformance/authority.ts";

Deno.test("isAt() believes the relay's certificate for its name, and nothing else", async () => {
  const authority = await Authority.create();
  const stranger = await Authority.create();
  const own = await authority.pair(["relay.example.org"]);
  const cases: [string, { key: string; cert: string }, boolean][] = [
    ["the relay", own, true],
    ["a certificate for another name", await authority.pair(["other.example.org"]), false],
    ["a certificate of nobody's", await stranger.pair(["relay.example.org"]), false],
  ];
  for (const [what, pair, expected] of cases) {
    const listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, ...pair });
    const serving = (async () => {
      const conn = await listener.accept();
      await conn.handshake().catch(() => {});
      await conn.read(new Uint8Array(1)).catch(() => {});
      closeQuietly(conn);
    })();
    const relay = new URL(`https://relay.example.org:${listener.addr.port}`);
    const http = openRelayHttp(relay, authority.pem, () => Promise.resolve(["127.0.0.1"]));
    assert.equal(await http.isAt("127.0.0.1"), expected, what);
    await serving;
    listener.close();
    // Nothing listens there any more.
    assert.equal(await http.isAt("127.0.0.1"), false);
    http.close();
  }
});
