import assert from "node:assert/strict";
import { makeKeyAndRequest } from "../../../lib/pki/keys.ts";
import { readIdentity } from "../../../lib/pki/identity.ts";
import { must } from "../../../scripts/run.ts";
import { opensslRequest } from "../../certificate/helpers.ts";
import { openAccountSession } from "../../../lib/acme/account.ts";
import { createAcmeTransport } from "../../../lib/acme/transport.ts";
import { writeSets } from "./zone.ts";
import { acmeBench, BASE, NAMES, putTxt } from "./bench.ts";
import { API_KEY } from "./servers.ts";

Deno.test("20 orders of apex and wildcard: bad nonces, a locked backend, foreign values", async () => {
  await using it = await acmeBench({ nonceReject: 50 });
  const authority = await it.open();
  const bases = [BASE, `a.${BASE}`, `b.${BASE}`, `c.${BASE}`];
  for (const base of bases) {
    await putTxt(it.dns, `_acme-challenge.${base}`, ["somebody else's", `of ${base}`]);
  }
  const statuses: number[] = [];
  let writing = true;
  /** Another program that writes to the zone all the time, and takes failures lightly. */
  async function noise(name: string): Promise<void> {
    for (let i = 0; writing; i++) {
      const answer = await fetch(`${it.dns.apiUrl}/api/v1/servers/localhost/zones/${BASE}.`, {
        method: "PATCH",
        headers: { "X-API-Key": API_KEY },
        body: JSON.stringify({
          rrsets: [{
            name: `${name}.${BASE}.`,
            type: "TXT",
            ttl: 60,
            changetype: "REPLACE",
            records: [{ content: `"${i}"`, disabled: false }],
          }],
        }),
      });
      await answer.body?.cancel();
      statuses.push(answer.status);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  const noises = ["n1", "n2", "n3", "n4"].map(noise);
  let retries = 0;
  const orders = Array.from({ length: 20 }, async (_, i) => {
    const base = bases[i % bases.length]!;
    const names = [base, `*.${base}`];
    const { csr, key } = await makeKeyAndRequest(names);
    const chain = await authority.issue({
      csr,
      names,
      onStep: (step) => void (retries += Number(/not removed/.test(step))),
    });
    assert.deepEqual((await readIdentity(chain, key)).names.toSorted(), names.toSorted());
  });
  try {
    await Promise.all(orders);
  } finally {
    writing = false;
    await Promise.all(noises);
  }
  assert.equal(retries, 0);
  const locked = statuses.filter((status) => status === 500).length;
  assert.ok(locked > 0, `the backend was never locked in ${statuses.length} writes`);
  for (const base of bases) {
    assert.deepEqual(await it.dns.txt(`_acme-challenge.${base}`), [
      `of ${base}`,
      "somebody else's",
    ]);
  }
});

Deno.test("users' requests with RSA and ECDSA keys are signed, and verify", async () => {
  await using it = await acmeBench();
  const authority = await it.open();
  await Promise.all(
    (["rsa-2048", "ecdsa-p256", "ecdsa-p384"] as const).map(async (key, i) => {
      const name = `user${i}.${BASE}`;
      const { csr, key: keyPem } = await opensslRequest(it.stateDir, { key, san: `DNS:${name}` });
      const chain = await authority.issue({ csr, names: [name] });
      await readIdentity(chain, keyPem);
      const [leaf, ...issuers] = chain.split(/(?<=-----END CERTIFICATE-----\n)/);
      const path = `${it.stateDir}/${i}`;
      await Deno.writeTextFile(`${path}.leaf`, leaf!);
      await Deno.writeTextFile(`${path}.issuers`, issuers.join(""));
      await Deno.writeTextFile(`${path}.root`, await it.pebble.root());
      await must("openssl", [
        ...["verify", "-verify_hostname", name, "-CAfile", `${path}.root`],
        ...["-untrusted", `${path}.issuers`, `${path}.leaf`],
      ]);
    }),
  );
});

Deno.test("an order waits for a secondary that lags, and tells it of changes", async () => {
  // Notified by the primary alone: without NOTIFY it would follow in an hour.
  const { freeDnsPort, startPowerDns } = await import("./servers.ts");
  const port = freeDnsPort();
  await using it = await acmeBench({ dns: { notify: [port] } });
  await using secondary = await startPowerDns({
    dnsPort: port,
    secondaryOf: { port: it.dns.dnsPort, zones: [BASE] },
  });
  const authority = await it.open({
    dnsServers: [{ host: "127.0.0.1", port: it.dns.dnsPort }, { host: "127.0.0.1", port }],
  });
  const visible: string[][] = [];
  const { csr } = await makeKeyAndRequest(NAMES);
  await authority.issue({
    csr,
    names: NAMES,
    onStep(step): void {
      if (step !== "challenge visible") return;
      // At this moment, before the authority is told, the secondary has the values.
      visible.push([]);
      secondary.txt(`_acme-challenge.${BASE}`).then((values) => visible.push(values));
    },
  });
  assert.equal(visible.at(-1)?.length, 2);
});

Deno.test("an order that is aborted takes its challenge out of the DNS", async () => {
  await using it = await acmeBench();
  // A name server that never has the value: the order waits for it.
  const authority = await it.open({ dnsServers: [{ host: "127.0.0.1", port: 9 }] });
  const stop = new AbortController();
  const { csr } = await makeKeyAndRequest(NAMES);
  const steps: string[] = [];
  const order = authority.issue({
    csr,
    names: NAMES,
    signal: stop.signal,
    onStep(step): void {
      steps.push(step);
      if (step === "waiting for the name servers") stop.abort(new Error("stopping"));
    },
  });
  await assert.rejects(order, /stopping/);
  assert.equal(steps.at(-1), "challenge removed");
  assert.deepEqual(await it.dns.txt(`_acme-challenge.${BASE}`), []);
});

Deno.test("an account that the server has lost is registered anew", async () => {
  await using it = await acmeBench();
  const authority = await it.open();
  const order = async (): Promise<string> => {
    const { csr } = await makeKeyAndRequest(NAMES);
    return await authority.issue({ csr, names: NAMES });
  };
  await order();
  const accounts = (): Promise<string> => Deno.readTextFile(`${it.stateDir}/acme-accounts.json`);
  const before = JSON.parse(await accounts())[it.pebble.directoryUrl];
  assert.equal((await Deno.stat(`${it.stateDir}/acme-accounts.json`)).mode! & 0o777, 0o600);
  // Pebble forgets everything when it is restarted.
  await it.pebble.stop();
  await it.pebble.restart();
  await order();
  const after = JSON.parse(await accounts())[it.pebble.directoryUrl];
  assert.equal(after.key, before.key);
  assert.notEqual(after.url, before.url);
});

Deno.test("an account that was deactivated is replaced by a new one with a new key, by itself", async () => {
  await using it = await acmeBench();
  const { stateDir, directoryUrl, caPem, email } = it.options;
  const authority = await it.open();
  const steps: string[] = [];
  const order = async (name: string): Promise<string> => {
    const { csr } = await makeKeyAndRequest([name]);
    return await authority.issue({ csr, names: [name], onStep: (step) => void steps.push(step) });
  };
  await order(BASE);
  const account = async (): Promise<{ key: string; url: string }> =>
    JSON.parse(await Deno.readTextFile(`${stateDir}/acme-accounts.json`))[directoryUrl];
  const before = await account();
  const transport = createAcmeTransport({ directoryUrl, caPem, userAgent: "test", now: Date.now });
  const session = await openAccountSession({ stateDir, directoryUrl, transport, email });
  await session.post(before.url, { status: "deactivated" });
  transport.close();

  // Two at once: one new account is enough for both.
  await Promise.all([order(`one.${BASE}`), order(`two.${BASE}`)]);
  const after = await account();
  assert.notEqual(after.key, before.key);
  assert.notEqual(after.url, before.url);
  assert.ok(steps.includes("account deactivated, registering anew"));
  assert.equal(steps.filter((step) => step === "ACME account registered").length, 2);
});

Deno.test("a challenge that is delegated by CNAME records is written where they lead", async () => {
  await using it = await acmeBench({ dns: { zones: [BASE, "other.test"] } });
  // The relay's own through another record, a user's straight into the other zone.
  await writeSets(
    it.dns,
    BASE,
    [`_acme-challenge.${BASE}`, "CNAME", `hop.${BASE}.`],
    [`hop.${BASE}`, "CNAME", "relay.other.test."],
    [`_acme-challenge.cn.${BASE}`, "CNAME", "cn.other.test."],
  );
  const authority = await it.open();
  const written: unknown[] = [];
  // Again at once: PowerDNS keeps the answers that Pebble got, with the values of before, for 20 s.
  const delegated = [NAMES, [`cn.${BASE}`]];
  for (const names of [...delegated, ...delegated, [`plain.${BASE}`]]) {
    const { csr } = await makeKeyAndRequest(names);
    const chain = await authority.issue({
      csr,
      names,
      onStep(step, fields) {
        if (step === "challenge written") written.push(fields?.at);
      },
    });
    assert.match(chain, /BEGIN CERTIFICATE/);
  }
  assert.deepEqual(written, [
    "relay.other.test",
    "cn.other.test",
    "relay.other.test",
    "cn.other.test",
    undefined,
  ]);
  for (const name of ["relay.other.test", "cn.other.test", `_acme-challenge.plain.${BASE}`]) {
    assert.deepEqual(await it.dns.txt(name), []);
  }
});
