import assert from "node:assert/strict";
import { caaHolds, caaSet, caaValues } from "../../lib/dns/caa.ts";
import type { CertificateReport } from "../../lib/certificate/report.ts";
import { certCheck } from "../../lib/command/cert_check.ts";
import { certRenew } from "../../lib/command/cert_renew.ts";
import { acquireLock } from "../../lib/file/lock.ts";
import { openLocalAuthority } from "../../lib/certificate/local_authority.ts";
import { makeKeyAndRequest } from "../../lib/pki/keys.ts";
import { RELAY_LOCK_FILE } from "../../lib/certificate/renewal_loop.ts";
import { startRelayCertificate } from "../../lib/certificate/relay_certificate.ts";
import { SILENT_LOG } from "../../lib/log.ts";
import { servedFingerprint } from "../../lib/certificate/served.ts";
import { openRelayStore } from "../../lib/certificate/store.ts";
import { leafFingerprint } from "../../lib/pki/identity.ts";
import { must } from "../../scripts/run.ts";
import { temporaryFolder } from "../certificate/helpers.ts";

const baseDomain = "glosson.test";
const NAMES = [baseDomain, `*.${baseDomain}`];
const NOW = Date.UTC(2026, 5, 1);
const DAY = 86_400_000;

async function bench(stateDir: string) {
  const clock = { now: NOW };
  const now = (): number => clock.now;
  const authority = await openLocalAuthority({ stateDir, baseDomain, now });
  const options = { authority, names: NAMES, stateDir, now };
  return {
    clock,
    authority,
    async check(more: Partial<Parameters<typeof certCheck>[0]> = {}) {
      let text = "";
      const write = (part: string): void => void (text += part);
      const code = await certCheck({ ...options, json: true, write, ...more });
      return {
        code,
        text,
        report: more.json === false ? undefined : JSON.parse(text) as CertificateReport,
      };
    },
    async renew(more: Partial<Parameters<typeof certRenew>[0]> = {}) {
      let text = "";
      const write = (part: string): void => void (text += part);
      return { code: await certRenew({ ...options, write, ...more }), text };
    },
  };
}

Deno.test("certCheck() goes from missing to good to due to ended", async () => {
  await using folder = temporaryFolder();
  const it = await bench(folder.path);
  const missing = await it.check();
  assert.equal(missing.code, 2);
  assert.match(missing.report!.problems[0]!, /No certificate is installed: start the daemon/);

  assert.equal((await it.renew()).code, 0);
  const good = await it.check();
  assert.equal(good.code, 0);
  assert.equal(good.report!.state, "good");
  assert.deepEqual(good.report!.names, NAMES);
  assert.equal(good.report!.authority, it.authority.source);
  assert.equal(good.report!.daysLeft, 90);
  assert.equal(good.report!.served, "unknown");

  it.clock.now = Date.parse(good.report!.renewAt!) + DAY;
  const due = await it.check();
  assert.equal(due.code, 1);
  assert.match(due.report!.problems[0]!, /^Renewal is due since/);

  it.clock.now = NOW + 90 * DAY;
  const ended = await it.check();
  assert.equal(ended.code, 2);
  assert.match(ended.report!.problems[0]!, /^The certificate ended at/);
});

Deno.test("certCheck() tells other names, another authority, a foreign key", async () => {
  await using folder = temporaryFolder();
  const it = await bench(folder.path);
  await it.renew();
  const other = await it.check({ names: ["other.test"] });
  assert.equal(other.code, 2);
  assert.match(other.report!.problems[0]!, /does not name other\.test/);
  const moved = await it.check({ source: "https://acme.test/directory" });
  assert.equal(moved.code, 1);
  assert.match(moved.report!.problems[0]!, /another authority/);
  const { key } = await makeKeyAndRequest(NAMES);
  const stored = await openRelayStore(folder.path).read();
  await Deno.writeTextFile(`${folder.path}/relay.pem`, key + stored!.identity.cert);
  const broken = await it.check();
  assert.equal(broken.code, 2);
  assert.match(broken.report!.problems[0]!, /does not fit its private key/);
});

Deno.test("certCheck() asks the running daemon what it serves", async () => {
  await using folder = temporaryFolder();
  const it = await bench(folder.path);
  await it.renew();
  const { identity } = (await openRelayStore(folder.path).read())!;
  using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, ...identity });
  const servedAt = { host: "127.0.0.1", port: listener.addr.port, serverName: baseDomain };
  const served = (): Promise<string | undefined> => servedFingerprint(servedAt);
  const accepting = (async () => {
    for (let i = 0; i < 2; i++) {
      using connection = await listener.accept();
      await connection.handshake();
      await connection.read(new Uint8Array(1)).catch(() => {});
    }
  })();
  const same = await it.check({ servedFingerprint: served });
  assert.equal(same.code, 0);
  assert.equal(same.report!.served, "yes");
  await it.renew({ force: true });
  const stale = await it.check({ servedFingerprint: served });
  assert.equal(stale.code, 1);
  assert.equal(stale.report!.served, "no");
  assert.match(stale.report!.problems[0]!, /The daemon serves another certificate/);
  await accepting;
  listener.close();
  assert.equal(await servedFingerprint(servedAt), undefined);
  const gone = await it.check({ servedFingerprint: served });
  assert.equal(gone.code, 0);
  assert.equal(gone.report!.served, "no-daemon");
});

Deno.test("certCheck() writes lines for people", async () => {
  await using folder = temporaryFolder();
  const it = await bench(folder.path);
  await it.renew();
  const { text } = await it.check({ json: false });
  assert.match(text, /^names {17}glosson\.test, \*\.glosson\.test$/m);
  assert.match(text, /^valid until {11}\d{4}-\d\d-\d\d \d\d:\d\d \S+ \(90 days left\)$/m);
  assert.match(text, /^good$/m);
});

Deno.test("certCheck() and certRenew() go by the moment that the daemon planned", async () => {
  await using folder = temporaryFolder();
  const it = await bench(folder.path);
  const store = openRelayStore(folder.path);
  await it.renew();
  const { cert } = (await store.read())!.identity;
  const renewAt = new Date(NOW + 50 * DAY).toISOString();
  const fingerprint = leafFingerprint(cert);
  await store.writeStatus({ failures: 0, plan: { renewAt, fingerprint } });
  assert.equal((await it.check()).report!.renewAt, renewAt);
  assert.ok((await it.renew()).text.includes(`renewalDue: ${renewAt}`));
  it.clock.now = NOW + 51 * DAY;
  assert.match((await it.renew()).text, /^= renewed/m);
});

Deno.test("certRenew() notes when renewal is due, and a relay that starts keeps to it", async () => {
  await using folder = temporaryFolder();
  const it = await bench(folder.path);
  await it.renew();
  const told = (await it.check()).report!.renewAt!;
  assert.ok(Date.parse(told) < NOW + 60 * DAY, "the spread over time is missing");
  for (let starts = 0; starts < 2; starts++) {
    const certificate = await startRelayCertificate({
      ...{ authority: it.authority, names: NAMES, stateDir: folder.path, log: SILENT_LOG },
      ...{ now: () => NOW, onChange: () => {} },
    });
    assert.equal(new Date(certificate.status().renewAt).toISOString(), told);
    await certificate.stop();
    assert.equal((await it.check()).report!.renewAt, told);
  }
});

Deno.test("certRenew() waits until a relay that was started meanwhile serves the certificate", async () => {
  await using folder = temporaryFolder();
  const it = await bench(folder.path);
  await it.renew();
  const before = leafFingerprint((await openRelayStore(folder.path).read())!.identity.cert);
  let asked = 0;
  const { code, text } = await it.renew({
    force: true,
    async servedFingerprint() {
      const { cert } = (await openRelayStore(folder.path).read())!.identity;
      return ++asked < 3 ? before : leafFingerprint(cert);
    },
  });
  assert.equal(code, 0);
  assert.equal(asked, 3);
  assert.match(text, /^- waiting until the relay serves it\n= renewed/m);
});

Deno.test("certRenew() that is stopped once the certificate is stored says that it is renewed", async () => {
  await using folder = temporaryFolder();
  const it = await bench(folder.path);
  const store = openRelayStore(folder.path);
  const stopping = new AbortController();
  const { code, text } = await it.renew({
    signal: stopping.signal,
    servedFingerprint() {
      stopping.abort(new Error("stopped by SIGINT"));
      // A relay that is at a standstill.
      return new Promise(() => {});
    },
  });
  assert.equal(code, 0, text);
  assert.match(
    text,
    /^= renewed \(notAfter: 2026-08-30\S+, served: not seen yet, since the wait for it was stopped by SIGINT\)$/m,
  );
  const { failures, lastError } = await store.readStatus();
  assert.deepEqual([failures, lastError], [0, undefined]);
});

Deno.test("certRenew() renews when due or forced, and says so otherwise", async () => {
  await using folder = temporaryFolder();
  const it = await bench(folder.path);
  const store = openRelayStore(folder.path);
  const first = await it.renew();
  assert.equal(first.code, 0);
  assert.match(first.text, /^= renewed \(notAfter: 2026-08-30/m);
  const before = (await store.read())!.identity.cert;
  const early = await it.renew();
  assert.equal(early.code, 0);
  assert.match(early.text, /= not due \(renewalDue: .*--force renews all the same/);
  assert.equal((await store.read())!.identity.cert, before);
  const forced = await it.renew({ force: true, json: true });
  assert.equal(forced.code, 0);
  const steps = forced.text.trim().split("\n").map((line) => JSON.parse(line));
  assert.equal(steps.at(-1).result, "renewed");
  assert.equal(steps[0].step, "certificate signed by the local authority");
  assert.notEqual((await store.read())!.identity.cert, before);
  await must("openssl", [
    "verify",
    "-no_check_time",
    "-CAfile",
    `${folder.path}/local-ca.pem`,
    `${folder.path}/relay.pem`,
  ]);
});

Deno.test("certRenew() tells a failure by whether a good certificate is left", async () => {
  await using folder = temporaryFolder();
  const it = await bench(folder.path);
  const authority = {
    ...it.authority,
    issue: () => Promise.reject(new Error("The server is down")),
  };
  const none = await it.renew({ authority });
  assert.equal(none.code, 2);
  assert.match(none.text, /= failed \(why: The server is down, installed: no usable/);
  await it.renew();
  const kept = await it.renew({ authority, force: true });
  assert.equal(kept.code, 1);
  assert.match(kept.text, /the installed certificate stays/);
  const check = await it.check();
  assert.equal(check.code, 1);
  assert.match(check.report!.problems[0]!, /^The last attempt failed: The server is down/);
  assert.equal((await it.renew({ force: true })).code, 0);
  assert.equal((await it.check()).code, 0);
});

Deno.test("certRenew() keeps out of the daemon's way", async () => {
  await using folder = temporaryFolder();
  const it = await bench(folder.path);
  const lock = await acquireLock(`${folder.path}/${RELAY_LOCK_FILE}`, { owner: "daemon" });
  const busy = await it.renew({ lockWaitMs: 50 });
  assert.equal(busy.code, 3);
  assert.match(busy.text, /another order is under way: daemon \(process \d+\)/);
  const waiting = it.renew();
  lock!.release();
  const done = await waiting;
  assert.equal(done.code, 0);
});

Deno.test("certRenew() turns a spinner on a terminal and leaves none behind", async () => {
  await using folder = temporaryFolder();
  const it = await bench(folder.path);
  const authority = {
    ...it.authority,
    async issue(order: Parameters<typeof it.authority.issue>[0]): Promise<string> {
      await new Promise((resolve) => setTimeout(resolve, 250));
      return await it.authority.issue(order);
    },
  };
  const lines: string[] = [""];
  const { code } = await it.renew({
    authority,
    write: (text) => lines.push(`${lines.pop()}${text}`),
    eraseLine: () => lines.push(""),
  });
  assert.equal(code, 0);
  assert.ok(lines.some((line) => /^⠋ waiting for .+, 0 s $/.test(line)), lines.join("|"));
  assert.equal(lines.at(-1), "");
  assert.ok(lines.every((line) => !/⠋.*\n/.test(line)), "a step stands on a line of its own");
  const { text: plain } = await it.renew({ force: true });
  assert.ok(!plain.includes("⠋"));
});

Deno.test("caaSet() allows one authority, one account, one method, and keeps the rest", () => {
  const policy = { authority: "ca.test", accountUrl: "https://ca.test/acct/1" };
  const present = {
    name: "glosson.test",
    type: "CAA",
    ttl: 600,
    values: [
      '0 issue "other.test"',
      '0 issuewild ";"',
      '0 iodef "mailto:a@b.test"',
      '0 issuemail ";"',
    ],
  };
  const made = caaSet(present, policy);
  assert.deepEqual(made.values, [
    '0 issue "ca.test; accounturi=https://ca.test/acct/1; validationmethods=dns-01"',
    '0 issuewild "ca.test; accounturi=https://ca.test/acct/1; validationmethods=dns-01"',
    '0 iodef "mailto:a@b.test"',
    '0 issuemail ";"',
  ]);
  assert.equal(made.ttl, 600);
  assert.ok(!caaHolds(present, policy));
  assert.ok(caaHolds(made, policy));
  assert.ok(caaHolds({ ...made, values: made.values.toReversed() }, policy));
  assert.throws(() => caaValues({ ...policy, accountUrl: 'https://x/";' }), /odd characters/);
});

Deno.test("leafFingerprint() and servedFingerprint() speak of the same hash", async () => {
  await using folder = temporaryFolder();
  const it = await bench(folder.path);
  const names = ["localhost"];
  const { csr } = await makeKeyAndRequest(names);
  const chain = await it.authority.issue({ csr, names });
  const fingerprint = leafFingerprint(chain);
  const printed = await must("openssl", ["x509", "-noout", "-fingerprint", "-sha256"], {
    input: chain,
  });
  assert.equal(printed.trim().split("=")[1]?.replaceAll(":", "").toLowerCase(), fingerprint);
});
