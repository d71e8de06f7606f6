import assert from "node:assert/strict";
import { checkCaa } from "../../lib/doctor/caa.ts";
import { startFakeDns } from "../command/fake_dns.ts";

Deno.test("checkCaa() warns where any authority, or any account of one, may sign for users' names", async () => {
  const bound = "ca.example; accounturi=https://ca.example/acct/1; validationmethods=dns-01";
  const cases: [caa: [string, string] | undefined, state: string, detail: RegExp, at?: string][] = [
    [undefined, "warning", /has no CAA record: any authority may sign/],
    [["issue", "ca.example"], "warning", /allows ca\.example: any account there/],
    [["issue", bound], "ok", /^glosson\.example\.org allows ca\.example; accounturi=/],
    [["issue", ";"], "ok", /allows ;/],
    // As authorities do it, from the closest name that has any.
    [["issue", bound], "ok", /^example\.org allows/, "example.org"],
  ];
  for (const [caa, state, detail, at] of cases) {
    await using dns = await startFakeDns(
      (name) => at === undefined || name === at ? "192.0.2.1" : undefined,
      caa,
    );
    const found = await checkCaa({
      authority: "acme",
      baseDomain: "glosson.example.org",
      dnsServers: [{ host: "127.0.0.1", port: dns.port }],
    });
    assert.equal(found.state, state, JSON.stringify(found));
    assert.match(found.detail, detail);
    assert.equal(
      found.fix?.includes("glossond cert caa --apply"),
      state === "ok" ? undefined : true,
    );
  }
  const local = await checkCaa({ authority: "local", baseDomain: "localhost", dnsServers: [] });
  assert.equal(local.state, "skipped");
});
