import assert from "node:assert/strict";
import { loadConfig } from "../../lib/config/load.ts";
import { configReport } from "../../lib/command/config_text.ts";

const ACME = {
  GLOSSOND_ACME_EMAIL: "a@example.org",
  GLOSSOND_PDNS_API_URL: "http://127.0.0.1:8081/",
};
const SECRETS = 'POWERDNS_API_KEY="hunter2#not-a-comment"\n';

Deno.test("loadConfig() gives the documented defaults", () => {
  const { settings, problems } = loadConfig({ env: ACME, secrets: SECRETS });
  assert.deepEqual(problems, []);
  assert.ok(settings);
  assert.equal(settings.baseDomain, "glosson.kaylee.wtf");
  assert.deepEqual([settings.hubHost, settings.hubPort], ["127.0.0.1", 4430]);
  assert.deepEqual([settings.dataHost, settings.dataPort], ["::", 9000]);
  assert.deepEqual([settings.controlHost, settings.controlPort], ["127.0.0.1", 9443]);
  assert.deepEqual([settings.pagesHost, settings.pagesPort], ["127.0.0.1", 8444]);
  assert.deepEqual([settings.adminHost, settings.adminPort], ["127.0.0.1", 8445]);
  assert.equal(settings.httpPort, undefined);
  assert.equal(settings.stateDir, "./state");
  assert.equal(settings.bioScript, "./get_bio.py");
  assert.equal(settings.authority, "acme");
  assert.equal(settings.pdnsServerId, "localhost");
  assert.equal(settings.pdnsApiKey, "hunter2#not-a-comment");
  assert.equal(settings.pdnsApiUrl, "http://127.0.0.1:8081");
});

Deno.test("loadConfig() under dev needs nothing, and the environment still wins", () => {
  const { settings, problems } = loadConfig({ env: { GLOSSOND_HUB_PORT: "0" }, dev: true });
  assert.deepEqual(problems, []);
  assert.equal(settings!.baseDomain, "glosson.localhost");
  assert.equal(settings!.authority, "local");
  assert.equal(settings!.hubPort, 0);
});

Deno.test("loadConfig() reports every problem at once, each with its fix", () => {
  const { settings, problems } = loadConfig({
    env: {
      GLOSSOND_HUB_PORT: "70000",
      GLOSSOND_BASE_DOMAN: "x.example",
      GLOSSOND_LOG: "xml",
      GLOSSOND_FALLBACK_BACKEND: "127.0.0.1:443?proxy=v1",
      GLOSSOND_PROXY_PROTOCOL_FROM: "127.0.0.1, 300.1.1.1",
      HOME: "/root",
    },
    secrets: "POWERDNS_KEY=x",
  });
  assert.equal(settings, undefined);
  const expected = [
    /GLOSSOND_HUB_PORT is "70000", not a port; give a number from 0 to 65535/,
    /GLOSSOND_BASE_DOMAN is not a setting; did you mean GLOSSOND_BASE_DOMAIN\?/,
    /GLOSSOND_LOG is "xml"; it can be text or json/,
    /GLOSSOND_FALLBACK_BACKEND .*only option is \?proxy=v2/,
    /GLOSSOND_PROXY_PROTOCOL_FROM .*"300\.1\.1\.1"/,
    /GLOSSOND_ACME_EMAIL is required/,
    /GLOSSOND_PDNS_API_URL is required/,
    /POWERDNS_API_KEY is required .*secrets file/,
    /secrets file holds a name that is not known; it may hold POWERDNS_API_KEY=…/,
  ];
  for (const pattern of expected) {
    assert.equal(problems.filter((p) => pattern.test(p)).length, 1, String(pattern));
  }
  assert.equal(problems.length, expected.length, problems.join("\n"));
});

Deno.test("loadConfig() asks for what the chosen way to write to the zone needs, and nothing else", () => {
  const env = { GLOSSOND_ACME_EMAIL: "a@example.org", GLOSSOND_DNS: "rfc2136" };
  const { problems } = loadConfig({ env });
  const expected = [
    /^GLOSSOND_RFC2136_SERVER is required with the ACME authority; set it, or/,
    /^GLOSSOND_RFC2136_KEY_NAME is required/,
    /^RFC2136_KEY_SECRET is required .*; put it into the secrets file \.\/\.secrets, which is not there$/,
  ];
  assert.equal(problems.length, expected.length, problems.join("\n"));
  expected.forEach((pattern, i) => assert.match(problems[i]!, pattern));

  const more = {
    GLOSSOND_RFC2136_SERVER: "[2001:db8::1]:53",
    GLOSSOND_RFC2136_KEY_NAME: "Relay.Example.",
  };
  const { settings } = loadConfig({
    env: { ...env, ...more },
    secrets: "RFC2136_KEY_SECRET=aHVudGVyMg==",
  });
  assert.deepEqual(settings!.rfc2136Server, { host: "2001:db8::1", port: 53 });
  assert.equal(settings!.rfc2136KeyName, "relay.example");
  assert.equal(settings!.rfc2136KeyAlgorithm, "hmac-sha256");
  assert.equal(settings!.rfc2136KeySecret, "aHVudGVyMg==");
});

Deno.test("loadConfig() explains a key that is none, and does not show its secret", () => {
  const env = {
    GLOSSOND_ACME_EMAIL: "a@example.org",
    GLOSSOND_DNS: "rfc2136",
    GLOSSOND_RFC2136_SERVER: "ns1.example.org",
    GLOSSOND_RFC2136_KEY_NAME: "a..b",
    GLOSSOND_RFC2136_KEY_ALGORITHM: "hmac-md5",
  };
  const config = loadConfig({ env, secrets: "RFC2136_KEY_SECRET=hunter2" });
  const expected = [
    /^GLOSSOND_RFC2136_SERVER is "ns1\.example\.org"; write it as host:port/,
    /^GLOSSOND_RFC2136_KEY_NAME is "a\.\.b", not a key's name/,
    /^GLOSSOND_RFC2136_KEY_ALGORITHM is "hmac-md5"; it can be hmac-sha256 or hmac-sha384 or hmac-sha512/,
    /^GLOSSOND_RFC2136_KEY_SECRET \(secrets file\) is not base64; write the secret as/,
  ];
  assert.equal(config.problems.length, expected.length, config.problems.join("\n"));
  expected.forEach((pattern, i) => assert.match(config.problems[i]!, pattern));
  assert.doesNotMatch(configReport(config, { json: false }), /hunter/);
});

Deno.test("configReport() shows values, their sources, and no secret", () => {
  const config = loadConfig({ env: { ...ACME, GLOSSOND_HUB_PORT: "4431" }, secrets: SECRETS });
  for (const json of [true, false]) {
    const report = configReport(config, { json });
    assert.ok(!report.includes("hunter2"));
    assert.match(report, /\*\*\*/);
    assert.match(report, /4431/);
  }
  const lines = configReport(config, { json: false }).split("\n");
  assert.deepEqual(lines.filter((line) => line.length > 80), []);
  assert.ok(lines.includes("GLOSSOND_HUB_PORT = 4431 (environment)"), lines.join("\n"));
  const { settings } = JSON.parse(configReport(config, { json: true }));
  const bySource = (variable: string) =>
    settings.find((s: { variable: string }) => s.variable === variable).source;
  assert.equal(bySource("GLOSSOND_HUB_PORT"), "environment");
  assert.equal(bySource("GLOSSOND_DATA_PORT"), "default");
  assert.equal(bySource("GLOSSOND_POWERDNS_API_KEY"), "secrets file");
  assert.equal(bySource("GLOSSOND_HTTP_PORT"), "not set");
});

Deno.test("loadConfig() never quotes a secret in a problem", () => {
  const { problems } = loadConfig({
    env: { ...ACME, GLOSSOND_POWERDNS_API_KEY: "  " },
    secrets: SECRETS,
  });
  assert.equal(problems.length, 1);
  assert.match(problems[0]!, /GLOSSOND_POWERDNS_API_KEY \(environment\) is empty/);
});

Deno.test("loadConfig() takes no secret that a header cannot carry, and never shows any of it", () => {
  const wrong: [text: string, what: RegExp][] = [
    ['"hunter\n2tail"', /has a line break in it/],
    ['"hunter 2tail"', /has a space in it/],
    ['"hunter\u00a02tail"', /has a space in it/],
    ["hunter\u00e92tail", /outside visible ASCII/],
    ["hunter\u65e52tail", /outside visible ASCII/],
    ["hunter\x7f2tail", /outside visible ASCII/],
  ];
  for (const [value, what] of wrong) {
    const config = loadConfig({ env: ACME, secrets: `POWERDNS_API_KEY=${value}\n` });
    assert.equal(config.problems.length, 1, value);
    assert.match(config.problems[0]!, /^GLOSSOND_POWERDNS_API_KEY \(secrets file\) has /);
    assert.match(config.problems[0]!, what);
    for (const json of [true, false]) {
      assert.doesNotMatch(configReport(config, { json }), /hunter|2tail/);
    }
  }
});

Deno.test("loadConfig() never shows what stands in the place of a name in the secrets file", () => {
  for (const secrets of ["hunter2tail==\n", "POWERDNS_API_KEY=x\nhunter2tail=\n"]) {
    const config = loadConfig({ env: ACME, secrets });
    assert.ok(config.problems.length > 0);
    assert.doesNotMatch(configReport(config, { json: false }), /hunter|2tail/);
  }
});

Deno.test("loadConfig() takes no URL with a password in it, and does not show it", () => {
  for (
    const value of [
      "http://ops:hunter2@pdns:8081",
      "htp://ops:hunter2@pdns:8081",
      "//a:hunter2@b@c",
    ]
  ) {
    const config = loadConfig({ env: { ...ACME, GLOSSOND_PDNS_API_URL: value }, secrets: SECRETS });
    assert.match(config.problems.join(), /^GLOSSOND_PDNS_API_URL (has a user name|is .*not a URL)/);
    assert.doesNotMatch(configReport(config, { json: false }), /hunter/);
  }
});
