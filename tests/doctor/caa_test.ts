import assert from "node:assert/strict";
import { checkCaa } from "../../lib/doctor/caa.ts";
import { writeDurably } from "../../lib/file/durable.ts";
import { makeKey } from "../../lib/pki/keys.ts";
import { temporaryFolder } from "../certificate/helpers.ts";
import { startFakeDns } from "../command/fake_dns.ts";

Deno.test("checkCaa() warns where any authority, or any account of one, may sign for users' names", async () => {
  await using folder = temporaryFolder();
  const trust = { stateDir: folder.path, acmeDirectoryUrl: "https://ca.example/dir" };
  const bound = "ca.example; accounturi=https://ca.example/acct/1; validationmethods=dns-01";
  const cases: [caa: [string, string] | undefined, state: string, detail: RegExp, at?: string][] = [
    [undefined, "warning", /has no CAA record: any authority may sign/],
    [["issue", "ca.example"], "warning", /allows ca\.example: any account there/],
    [["issue", bound], "ok", /^glosson\.example\.org allows ca\.example; accounturi=/],
    [["issue", ";"], "fault", /allows ;, and not this relay's account: the authority refuses each/],
    [["iodef", "mailto:a@example.org"], "warning", /any authority may sign/],
    // As authorities do it, from the closest name that has any.
    [["issue", bound], "ok", /^example\.org allows/, "example.org"],
  ];
  for (const [caa, state, detail, at] of cases) {
    await using dns = await startFakeDns(
      (name) => at === undefined || name === at ? "192.0.2.1" : undefined,
      caa,
    );
    const found = await checkCaa({
      ...trust,
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
  const local = await checkCaa({
    ...trust,
    authority: "local",
    baseDomain: "localhost",
    dnsServers: [],
  });
  assert.equal(local.state, "skipped");
});

Deno.test("checkCaa() tells that the relay's account is not the one let in, as after it was replaced", async () => {
  await using folder = temporaryFolder();
  const acmeDirectoryUrl = "https://ca.example/dir";
  const account = { key: await makeKey(), url: "https://ca.example/acct/2" };
  await writeDurably(
    `${folder.path}/acme-accounts.json`,
    JSON.stringify({ [acmeDirectoryUrl]: account }),
    0o600,
  );
  const params = "validationmethods=dns-01";
  const cases: [caa: [string, string], state: string][] = [
    [["issue", `ca.example; accounturi=https://ca.example/acct/2; ${params}`], "ok"],
    [["issue", `ca.example;accounturi=https://ca.example/acct/2`], "ok"],
    [["issue", `ca.example; accounturi=https://ca.example/acct/1; ${params}`], "fault"],
    [["issue", `ca.example; ${params}; accounturi=https://ca.example/acct/22`], "fault"],
    [["issuewild", "ca.example; accounturi=https://ca.example/acct/1"], "fault"],
    // Spaces and capitals as RFC 8659 section 4.2 allows them; nobody; and no way that the relay has.
    [["issue", `ca.example ; AccountURI = https://ca.example/acct/1`], "fault"],
    [["issue", ""], "fault"],
    [["issue", "ca.example; validationmethods=http-01,tls-alpn-01"], "fault"],
    [["issue", "ca.example"], "warning"],
  ];
  for (const [caa, state] of cases) {
    await using dns = await startFakeDns(() => "192.0.2.1", caa);
    const found = await checkCaa({
      authority: "acme",
      baseDomain: "glosson.example.org",
      dnsServers: [{ host: "127.0.0.1", port: dns.port }],
      stateDir: folder.path,
      acmeDirectoryUrl,
    });
    assert.equal(found.state, state, JSON.stringify(found));
    if (state === "fault") assert.match(found.detail, /not this relay's account \S+\/acct\/2: /);
  }
});
