import assert from "node:assert/strict";
import { makeKeyAndRequest } from "../../../lib/pki/keys.ts";
import type { AcmeAuthorityOptions } from "../../../lib/acme/acme_authority.ts";
import { createPowerDns } from "../../../lib/dns/power_dns.ts";
import {
  type RelayCertificate,
  startRelayCertificate,
} from "../../../lib/certificate/relay_certificate.ts";
import { must } from "../../../scripts/run.ts";
import { recordedLog, temporaryFolder, until } from "../../certificate/helpers.ts";
import { type AcmeBench, acmeBench, BASE, NAMES } from "./bench.ts";
import { freeDnsPort, type PowerDnsServer, startPowerDns } from "./servers.ts";

/** What goes wrong, and what has to be said about it. */
interface Breakage {
  message: RegExp;
  /** Breaks the servers. */
  breakIt?: (it: AcmeBench) => Promise<unknown>;
  /** What the authority is given while it is broken. */
  options?: (it: AcmeBench) => Partial<AcmeAuthorityOptions>;
  mendIt?: (it: AcmeBench) => Promise<unknown>;
}

const BREAKAGES: Record<string, Breakage> = {
  "the ACME server is down": {
    breakIt: (it) => it.pebble.stop(),
    message: /Cannot reach the ACME server localhost:\d+: connection refused; check that it runs/,
    mendIt: (it) => it.pebble.restart(),
  },
  "the ACME server's authority is unknown": {
    options: () => ({ caPem: undefined }),
    message: /signed by an unknown authority; name its root in GLOSSOND_ACME_CA_FILE/,
  },
  "the directory is at another path": {
    options: (it) => ({ directoryUrl: it.pebble.directoryUrl + "ectory" }),
    message: /fails with status 404: check GLOSSOND_ACME_DIRECTORY_URL/,
  },
  "the API key is wrong": {
    options: (it) => ({ dns: createPowerDns({ ...it.powerDns, apiKey: "wrong" }) }),
    message: /refuses the API key: set POWERDNS_API_KEY to the `api-key` of its pdns\.conf/,
  },
  "PowerDNS is down": {
    breakIt: (it) => it.dns.stop(),
    message: /Cannot reach the PowerDNS API at http:\S+: connection refused; check that it runs/,
    mendIt: (it) => it.dns.restart(),
  },
  "the server name within PowerDNS is wrong": {
    options: (it) => ({ dns: createPowerDns({ ...it.powerDns, serverId: "remotehost" }) }),
    message: /has no server "remotehost" or no such zone: check GLOSSOND_PDNS_SERVER_ID/,
  },
  "PowerDNS has no such zone": {
    breakIt: (it) => it.dns.api("DELETE", `/zones/${BASE}.`),
    message:
      /holds no zone for _acme-challenge\.glosson\.test: create one there \(e\.g\. `pdnsutil create-zone glosson\.test`\)/,
    mendIt: (it) =>
      it.dns.api("POST", "/zones", {
        name: `${BASE}.`,
        kind: "Native",
        nameservers: [`ns1.${BASE}.`],
      }),
  },
  "PowerDNS is a secondary of the zone": {
    breakIt: (it) =>
      it.dns.api("PUT", `/zones/${BASE}.`, { kind: "Slave", masters: ["192.0.2.1"] }),
    message: /is a secondary of zone glosson\.test .*set GLOSSOND_PDNS_API_URL to .* its primary/,
    mendIt: (it) => it.dns.api("PUT", `/zones/${BASE}.`, { kind: "Native", masters: [] }),
  },
  "the challenge is delegated to a zone elsewhere": {
    breakIt: (it) => setAlias(it, "REPLACE"),
    message:
      /CNAME record at _acme-challenge\.glosson\.test leads to challenge\.elsewhere\.example, and PowerDNS holds no zone for that: let it lead into one that it holds, or remove it/,
    mendIt: (it) => setAlias(it, "DELETE"),
  },
  "the machine's clock is an hour behind": {
    options: () => ({ now: () => Date.now() - 3_600_000 }),
    message: /This machine's clock is 60 minutes behind the ACME server's: set it/,
  },
  "the machine's clock is an hour ahead": {
    options: () => ({ now: () => Date.now() + 3_600_000 }),
    message: /This machine's clock is 60 minutes ahead of the ACME server's: set it/,
  },
  "the profile is unknown": {
    options: () => ({ profile: "shortlived" }),
    message: /no profile shortlived: set GLOSSOND_ACME_PROFILE to nothing, it has none/,
  },
  "no name server answers": {
    options: () => ({
      dnsServers: [{ host: "127.0.0.1", port: freeDnsPort() }],
      propagationTimeoutMs: 500,
    }),
    message:
      /not on every name server after 1 s: 127\.0\.0\.1:\d+ does not answer for glosson\.test/,
  },
};

function setAlias(it: AcmeBench, changetype: "REPLACE" | "DELETE"): Promise<unknown> {
  const name = `_acme-challenge.${BASE}.`;
  const records = [{ content: "challenge.elsewhere.example.", disabled: false }];
  return it.dns.api("PATCH", `/zones/${BASE}.`, {
    rrsets: [{ name, type: "CNAME", ttl: 60, changetype, records }],
  });
}

async function withRelay(
  it: AcmeBench,
  options: Partial<AcmeAuthorityOptions>,
  action: (relay: RelayCertificate, log: ReturnType<typeof recordedLog>) => Promise<void>,
): Promise<void> {
  const log = recordedLog();
  const relay = await startRelayCertificate({
    authority: await it.open(options),
    names: NAMES,
    stateDir: it.stateDir,
    log,
    onChange: () => {},
    tickMs: 20,
  });
  try {
    await action(relay, log);
  } finally {
    await relay.stop();
  }
}

/** An order fails with that message, and what was served is served still. */
async function failsWith(relay: RelayCertificate, message: RegExp): Promise<void> {
  const { cert } = relay.current();
  await assert.rejects(relay.renewNow(), message);
  assert.equal(relay.current().cert, cert);
  const status = relay.status();
  assert.equal(status.failures, 1);
  assert.match(status.lastError ?? "", message);
  assert.ok(status.nextAttemptAt! > Date.now());
}

async function firstCertificate(it: AcmeBench): Promise<void> {
  await withRelay(it, {}, async (relay) => {
    await until(() => !relay.current().selfSigned, "the first certificate");
  });
}

Deno.test("each broken set-up is named, the old certificate stays, the next order succeeds", async (t) => {
  await using it = await acmeBench();
  await firstCertificate(it);
  for (const [what, { message, breakIt, options, mendIt }] of Object.entries(BREAKAGES)) {
    await t.step(what, async () => {
      await breakIt?.(it);
      await withRelay(it, options?.(it) ?? {}, async (relay) => {
        assert.equal(relay.current().selfSigned, false);
        await failsWith(relay, message);
        await mendIt?.(it);
        if (mendIt === undefined) return;
        await relay.renewNow();
        assert.equal(relay.status().failures, 0);
      });
      await withRelay(it, {}, async (relay) => {
        const { cert } = relay.current();
        await relay.renewNow();
        assert.notEqual(relay.current().cert, cert);
      });
      assert.deepEqual(await it.dns.txt(`_acme-challenge.${BASE}`), []);
    });
  }
});

Deno.test("an order that a PowerDNS which is away holds up goes on soon after that is back", async () => {
  await using it = await acmeBench();
  await it.dns.stop();
  await withRelay(it, {}, async (relay) => {
    await until(() => relay.status().failures === 1, "the failure");
    assert.match(relay.status().lastError!, /connection refused; check that it runs/);
    await it.dns.restart();
    await until(() => !relay.current().selfSigned, "the next try");
  });
});

/** A secondary that has pulled the zone once, and is never told of a change: its primary does not know of it. */
async function forgottenSecondary(it: AcmeBench): Promise<PowerDnsServer> {
  const secondary = await startPowerDns({
    secondaryOf: { port: it.dns.dnsPort, zones: [BASE] },
  });
  await until(async () => {
    const zone = await secondary.api("GET", `/zones/${BASE}.`) as { serial: number };
    return zone.serial > 0;
  }, "the first transfer");
  return secondary;
}

Deno.test("a secondary that lags is named with its serial", async () => {
  await using it = await acmeBench();
  await firstCertificate(it);
  await using secondary = await forgottenSecondary(it);
  const dnsServers = [it.dns, secondary].map(({ dnsPort }) => ({
    host: "127.0.0.1",
    port: dnsPort,
  }));
  const message = new RegExp(
    `127\\.0\\.0\\.1:${secondary.dnsPort} has serial \\d+ of glosson\\.test and PowerDNS \\d+: check its zone transfers and NOTIFY`,
  );
  await withRelay(it, { dnsServers, propagationTimeoutMs: 1500 }, async (relay) => {
    await failsWith(relay, message);
    assert.deepEqual(await it.dns.txt(`_acme-challenge.${BASE}`), []);
  });
  // It catches up while an order waits for it.
  await withRelay(it, { dnsServers }, async (relay) => {
    const order = relay.renewNow();
    const pulling = setInterval(() => {
      secondary.api("PUT", `/zones/${BASE}./axfr-retrieve`).catch(() => {});
    }, 300);
    await order;
    clearInterval(pulling);
  });
});

Deno.test("a name server that is out of order keeps no certificate away where another answers", async () => {
  await using it = await acmeBench();
  const dnsServers = [it.dns.dnsPort, freeDnsPort()].map((port) => ({ host: "127.0.0.1", port }));
  await withRelay(it, { dnsServers, propagationTimeoutMs: 2000 }, async (relay, log) => {
    await until(() => !relay.current().selfSigned, "the first certificate");
    assert.match(log.text(), /challenge visible.*butNotAnsweredBy\W+127\.0\.0\.1:\d+/);
  });
});

Deno.test("a backend whose serial stands still is named with its fix", async () => {
  await using it = await acmeBench();
  await it.dns.api("PUT", `/zones/${BASE}.`, { kind: "Native", soa_edit_api: "OFF" });
  await using secondary = await forgottenSecondary(it);
  const dnsServers = [it.dns, secondary].map(({ dnsPort }) => ({
    host: "127.0.0.1",
    port: dnsPort,
  }));
  await withRelay(it, { dnsServers, propagationTimeoutMs: 1000 }, async (relay) => {
    await failsWith(
      relay,
      /raise the serial \(`pdnsutil set-meta glosson\.test SOA-EDIT-API DEFAULT`\)/,
    );
  });
});

Deno.test("a pair that is none on the disk is named, and what is served stays", async () => {
  await using it = await acmeBench();
  await withRelay(it, {}, async (relay, log) => {
    await until(() => !relay.current().selfSigned, "the first certificate");
    const { cert } = relay.current();
    const { key } = await makeKeyAndRequest(NAMES);
    await Deno.writeTextFile(`${it.stateDir}/relay.pem`, key + cert);
    await until(
      () => /stored certificate is not used.*does not fit its private key/.test(log.text()),
      "the complaint",
    );
    assert.equal(relay.current().cert, cert);
    await relay.renewNow();
    assert.notEqual(relay.current().cert, cert);
  });
});

Deno.test({
  name: "a full disk is named, no order is spent, and the old certificate stays",
  ignore: Deno.uid() !== 0, // to mount a small one
  async fn(): Promise<void> {
    await using it = await acmeBench();
    await using folder = temporaryFolder();
    await must("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", folder.path]);
    try {
      const full = { ...it, stateDir: folder.path };
      await withRelay(full, { stateDir: folder.path }, async (relay, log) => {
        await until(() => !relay.current().selfSigned, "the first certificate");
        // What it still writes and removes would leave room behind the filler.
        await until(() => !relay.status().ordering, "the end of the order");
        const orders = (): number => log.text().match(/order placed/g)?.length ?? 0;
        await Deno.writeFile(`${folder.path}/filler`, new Uint8Array(1 << 20)).catch(() => {});
        await failsWith(relay, /Cannot write \S+: the disk is full; free some space/);
        assert.equal(orders(), 1);
        await Deno.remove(`${folder.path}/filler`);
        await relay.renewNow();
      });
    } finally {
      await must("umount", ["-l", folder.path]);
    }
  },
});
