import assert from "node:assert/strict";
import { loadConfig } from "../../lib/config/load.ts";
import { checkPowerDns } from "../../lib/doctor/power_dns.ts";

Deno.test("checkPowerDns() tells a fault by its own mend", async () => {
  const { settings } = loadConfig({ env: {}, dev: true });
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("a router's page"),
  );
  const pdnsApiUrl = `http://127.0.0.1:${server.addr.port}`;
  const [found] = await checkPowerDns({
    ...settings!,
    authority: "acme",
    pdnsApiUrl,
    pdnsApiKey: "key",
  });
  assert.equal(found?.state, "fault");
  assert.match(found.detail, /does not answer like PowerDNS( \(.*\))?$/);
  assert.equal(found.fix, "check GLOSSOND_PDNS_API_URL");
});
