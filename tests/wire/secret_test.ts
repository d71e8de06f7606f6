import assert from "node:assert/strict";
import { makeKey } from "../../lib/pki/keys.ts";
import { Api } from "../../examples/client/api.ts";
import { openControl } from "../../examples/client/control.ts";
import { certCaa } from "../../lib/command/cert_caa.ts";
import { createPowerDns } from "../../lib/dns/power_dns.ts";
import { loadConfig } from "../../lib/config/load.ts";
import { checkPowerDns } from "../../lib/doctor/power_dns.ts";
import { SILENT_LOG } from "../../lib/log.ts";
import { headerSecret, secretFault } from "../../lib/wire/secret.ts";
import { release } from "../../scripts/forgejo_release.ts";
import { freePort } from "../../scripts/ports.ts";
import { temporaryFolder } from "../certificate/helpers.ts";

/** Secrets that no header can carry; "hunter" and "2tail" stand around what is wrong. */
const BAD = ["hunter\n2tail", "hunter\r2tail", "hunter\x002tail", "hunter 2tail", "hunter日2tail"];

/** Everything of this project that sends a secret in a header, to a port where nobody listens. */
const SENDERS: Record<string, (secret: string, url: string) => unknown> = {
  "the PowerDNS client": (secret, url) =>
    createPowerDns({ apiUrl: url, apiKey: secret }).findZone("glosson.test"),
  "the PowerDNS client, asked for the key": (secret, url) =>
    createPowerDns({ apiUrl: url, apiKey: () => secret }).findZone("glosson.test"),
  "doctor": async (secret, url) => {
    const { settings } = loadConfig({ env: {}, dev: true });
    return await checkPowerDns({
      ...settings!,
      authority: "acme",
      pdnsApiUrl: url,
      pdnsApiKey: secret,
    });
  },
  "cert caa": async (secret, url) => {
    await using folder = temporaryFolder();
    const account = { key: await makeKey(), url: "https://ca.test/account" };
    const accounts = { [`${url}/dir`]: account };
    await Deno.writeTextFile(`${folder.path}/acme-accounts.json`, JSON.stringify(accounts));
    let said = "";
    return await certCaa({
      stateDir: folder.path,
      baseDomain: "glosson.test",
      directoryUrl: `${url}/dir`,
      identity: "ca.test",
      applyTo: () => createPowerDns({ apiUrl: url, apiKey: secret }),
      write: (text) => said += text,
    }).then(() => said);
  },
  "the client's API": async (token, url) => {
    using client = Deno.createHttpClient({});
    return await new Api({ relay: new URL(url), http: { client, failure: undefined }, token })
      .account();
  },
  "the client's control": async (token, url) => {
    using client = Deno.createHttpClient({});
    return await openControl({
      relay: new URL(url),
      token,
      http: { session: client },
      onMessage() {},
      signal: new AbortController().signal,
      log: SILENT_LOG,
    }).ended;
  },
  "the release script": (token, url) =>
    release({ apiUrl: url, repository: "a/b", tag: "v1", token }, "notes", []),
};

/** All that a failure, and what caused it, can put into a log. */
function textOf(failure: unknown): string {
  if (!(failure instanceof Error)) return JSON.stringify(failure) ?? String(failure);
  return `${failure.name} ${failure.message} ${failure.stack} ${textOf(failure.cause)}`;
}

for (const [what, send] of Object.entries(SENDERS)) {
  Deno.test(`${what} never shows a secret that cannot be sent`, async () => {
    for (const secret of BAD) {
      const url = `http://127.0.0.1:${freePort()}`;
      const said = textOf(await Promise.try(() => send(secret, url)).catch((error) => error));
      assert.doesNotMatch(said, /hunter|2tail/);
      assert.match(said, /which no key has/);
    }
  });
}

Deno.test("headerSecret() takes visible ASCII alone", () => {
  const all = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).join("");
  assert.equal(headerSecret("KEY", all), all);
  assert.match(secretFault("") ?? "", /is empty/);
  for (let code = 0; code < 300; code++) {
    const visible = code >= 33 && code <= 126;
    assert.equal(secretFault(`a${String.fromCharCode(code)}b`) === undefined, visible, `${code}`);
  }
});
