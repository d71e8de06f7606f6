import assert from "node:assert/strict";
import { BASE, startRelay } from "./relay.ts";
import { apiOf, connectControl, signUp } from "./user.ts";

Deno.test("the relay and its first message tell where pages are, with a port only where it is not 443", async () => {
  for (const [setting, suffix] of [["443", ""], ["8443", ":8443"], ["0", undefined]] as const) {
    await using relay = await startRelay({ settings: { PUBLIC_PORT: setting } });
    const port = suffix ?? `:${relay.ports.hub}`;
    const api = apiOf(relay);
    using _client = api.client;
    const { software, keyFingerprints, ...info } = (await api.request("GET", "/v1/relay")).body;
    assert.match(software, /^glossond\b/);
    assert.equal(keyFingerprints.length, 1);
    assert.deepEqual(info, {
      protocol: 1,
      baseDomain: BASE,
      controlUrl: `https://relay.${BASE}${port}`,
      publicPort: Number(port.slice(1) || 443),
      dataHost: "127.0.0.1",
      dataPort: relay.ports.data,
      features: ["data-websocket", "own-domains"],
    });

    await using link = await connectControl(relay, await signUp(relay, "kaylee"));
    assert.deepEqual(link.online, {
      type: "online",
      hostname: `kaylee.${BASE}`,
      url: `https://kaylee.${BASE}${port}`,
      dataHost: "127.0.0.1",
      dataPort: relay.ports.data,
    });
  }
});
