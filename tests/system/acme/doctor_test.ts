import assert from "node:assert/strict";
import type { Finding } from "../../../lib/doctor/finding.ts";
import { startAcmeDaemon } from "./daemon.ts";
import { freeDnsPort } from "./servers.ts";

Deno.test("doctor names name servers that do not answer, and a PowerDNS that is a secondary", async () => {
  await using daemon = await startAcmeDaemon();
  const { dnsPort, api } = daemon.it.dns;
  const [good, dead] = [dnsPort, freeDnsPort()].map((port) => `127.0.0.1:${port}`);

  async function found(check: string, dnsServers: string): Promise<Finding | undefined> {
    daemon.env.GLOSSOND_DNS_SERVERS = dnsServers;
    const { stdout } = await daemon.glossond("doctor", "--json");
    return (JSON.parse(stdout) as Finding[]).find((each) => each.check === check);
  }

  assert.equal((await found("name servers", good!))?.state, "ok");
  const one = await found("name servers", `${good},${dead}`);
  assert.equal(one?.state, "warning");
  assert.equal(one.detail, `${dead} does not answer for glosson.test`);
  assert.equal((await found("name servers", dead!))?.state, "fault");
  await api("PUT", "/zones/glosson.test.", { kind: "Slave", masters: ["192.0.2.1"] });
  const secondary = await found("PowerDNS API", good!);
  assert.match(secondary?.detail ?? "", /is a secondary of zone glosson\.test/);
  assert.match(
    secondary?.fix ?? "",
    /^set GLOSSOND_PDNS_API_URL to the server that is its primary$/,
  );
});
