import assert from "node:assert/strict";
import { certCaa } from "../../../lib/command/cert_caa.ts";
import { makeKeyAndRequest } from "../../../lib/pki/keys.ts";
import { startRelayCertificate } from "../../../lib/certificate/relay_certificate.ts";
import { recordedLog, until } from "../../certificate/helpers.ts";
import { acmeBench, BASE, NAMES } from "./bench.ts";

Deno.test("cert caa prints, and writes, who may sign for the domain", async () => {
  await using it = await acmeBench();
  let text = "";
  const options = {
    stateDir: it.stateDir,
    baseDomain: BASE,
    directoryUrl: it.pebble.directoryUrl,
    caPem: it.pebble.caPem,
    identity: "ca.test",
    write: (part: string): void => void (text += part),
  };
  await assert.rejects(certCaa(options), /There is no account at https:\S+ yet/);

  const authority = await it.open();
  const order = async (): Promise<string> => {
    const { csr } = await makeKeyAndRequest(NAMES);
    return await authority.issue({ csr, names: NAMES });
  };
  await order();
  const accounts = JSON.parse(await Deno.readTextFile(`${it.stateDir}/acme-accounts.json`));
  const value = `ca.test; accounturi=${
    accounts[it.pebble.directoryUrl].url
  }; validationmethods=dns-01`;

  text = "";
  await certCaa(options);
  assert.equal(
    text,
    `${BASE}. IN CAA 0 issue "${value}"\n${BASE}. IN CAA 0 issuewild "${value}"\n`,
  );
  await it.dns.api("PATCH", `/zones/${BASE}.`, {
    rrsets: [{
      name: `${BASE}.`,
      type: "CAA",
      ttl: 900,
      changetype: "REPLACE",
      records: [
        { content: '0 iodef "mailto:hostmaster@glosson.test"', disabled: false },
        { content: '0 issue "other.test"', disabled: false },
      ],
    }],
  });
  await certCaa({ ...options, applyTo: () => it.options.dns });
  const zone = await it.dns.api("GET", `/zones/${BASE}.?rrset_name=${BASE}.&rrset_type=CAA`) as {
    rrsets: { records: { content: string }[] }[];
  };
  assert.deepEqual(zone.rrsets[0]?.records.map(({ content }) => content).toSorted(), [
    '0 iodef "mailto:hostmaster@glosson.test"',
    `0 issue "${value}"`,
    `0 issuewild "${value}"`,
  ]);
  text = "";
  await certCaa({ ...options, applyTo: () => it.options.dns });
  assert.match(text, /They are there already/);
  await order();

  await assert.rejects(
    certCaa({ ...options, identity: undefined }),
    /does not tell its CAA identity: name it with GLOSSOND_CAA_IDENTITY/,
  );
});

Deno.test("a renewal window of the server renews early, and the order names what it replaces", async () => {
  await using it = await acmeBench();
  const directory = await fetchJson(it.pebble.directoryUrl, it.pebble.caPem);
  const asked: string[] = [];
  // This pebble knows no renewal information: another server tells it for it.
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname, origin } = new URL(request.url);
    if (pathname === "/dir") return Response.json({ ...directory, renewalInfo: `${origin}/ari` });
    asked.push(pathname);
    // The first certificate is to be replaced at once, its successor in a month.
    const at = Date.now() + (new Set(asked).size === 1 ? -60_000 : 30 * 86_400_000);
    return Response.json({
      suggestedWindow: { start: new Date(at), end: new Date(at + 1000) },
      explanationURL: "https://ca.test/incident",
    });
  });
  const log = recordedLog();
  let renewals = 0;
  const relay = await startRelayCertificate({
    authority: await it.open({ directoryUrl: `http://127.0.0.1:${server.addr.port}/dir` }),
    names: NAMES,
    stateDir: it.stateDir,
    log,
    onChange: () => void renewals++,
    tickMs: 20,
  });
  try {
    await until(() => renewals === 2 && new Set(asked).size === 2, "the early renewal");
    await until(() => relay.status().explanation === "https://ca.test/incident", "the next window");
    assert.ok(Math.abs(relay.status().renewAt - Date.now() - 30 * 86_400_000) < 60_000);
    assert.match(asked[0]!, /^\/ari\/[\w-]+\.[\w-]+$/);
    assert.match(log.text(), /renewal planned by the authority.*ca\.test\/incident/);
    assert.equal(renewals, 2);
  } finally {
    await relay.stop();
  }
});

async function fetchJson(url: string, caPem: string): Promise<Record<string, unknown>> {
  using client = Deno.createHttpClient({ caCerts: [caPem] });
  return await (await fetch(url, { client })).json();
}
