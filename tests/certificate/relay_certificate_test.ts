import assert from "node:assert/strict";
import {
  type Authority,
  type CertificateOrder,
  OrderHeldUpError,
} from "../../lib/certificate/authority.ts";
import { makeKeyAndRequest } from "../../lib/pki/keys.ts";
import { openLocalAuthority } from "../../lib/certificate/local_authority.ts";
import {
  type RelayCertificate,
  startRelayCertificate,
  type TlsIdentity,
} from "../../lib/certificate/relay_certificate.ts";
import { openRelayStore } from "../../lib/certificate/store.ts";
import { readIdentity } from "../../lib/pki/identity.ts";
import { recordedLog, temporaryFolder, until } from "./helpers.ts";

const baseDomain = "glosson.test";
const NAMES = [baseDomain, `*.${baseDomain}`];
const DAY = 86_400_000;

/** A relay certificate under test, with a clock and an authority that can be tampered with. */
interface Bench extends AsyncDisposable {
  stateDir: string;
  log: ReturnType<typeof recordedLog>;
  changes: TlsIdentity[];
  clock: { now: number };
  /** Replaces what the authority does; calls the real one by default. */
  authority: { issue: Authority["issue"]; orders: CertificateOrder[]; real: Authority };
  start(
    overrides?: Partial<Authority>,
    turn?: { come: Promise<void>; end: () => void },
  ): Promise<RelayCertificate>;
}

async function bench(): Promise<Bench> {
  const folder = temporaryFolder();
  const clock = { now: Date.UTC(2026, 5, 1) };
  const now = (): number => clock.now;
  const stateDir = `${folder.path}/state`;
  const real = await openLocalAuthority({ stateDir, baseDomain, now });
  const authority: Bench["authority"] = { real, issue: real.issue, orders: [] };
  const log = recordedLog();
  const changes: TlsIdentity[] = [];
  const running: RelayCertificate[] = [];
  return {
    stateDir,
    log,
    changes,
    clock,
    authority,
    async start(overrides = {}, turn): Promise<RelayCertificate> {
      const relay = await startRelayCertificate({
        // Of kind acme: the first order runs beside the self-signed certificate.
        authority: {
          kind: "acme",
          source: real.source,
          issue(order): Promise<string> {
            authority.orders.push(order);
            return authority.issue(order);
          },
          ...overrides,
        },
        names: NAMES,
        stateDir,
        ...(turn && { turn }),
        log,
        onChange: (identity) => void changes.push(identity),
        now,
        random: () => 0.5,
        tickMs: 5,
      });
      running.push(relay);
      return relay;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await Promise.all(running.map((relay) => relay.stop()));
      await folder[Symbol.asyncDispose]();
    },
  };
}

Deno.test("startRelayCertificate() has the local authority's certificate at once", async () => {
  await using it = await bench();
  const relay = await it.start({ kind: "local" });
  assert.equal(relay.current().selfSigned, false);
  assert.deepEqual(relay.current().names, NAMES);
  assert.equal(it.changes.length, 0);
  const status = relay.status();
  assert.equal(status.failures, 0);
  // A third of 90 days and one hour left, less half a fiftieth for jitter.
  assert.ok(Math.abs(status.notAfter - status.renewAt - (30 + 0.9) * DAY) < DAY / 10);
});

Deno.test("startRelayCertificate() serves self-signed while the first order runs, then swaps", async () => {
  await using it = await bench();
  const gate = Promise.withResolvers<void>();
  it.authority.issue = async (order) => {
    await gate.promise;
    return await it.authority.real.issue(order);
  };
  const relay = await it.start();
  assert.ok(relay.current().selfSigned);
  assert.equal(relay.status().renewAt, 0);
  await until(() => relay.status().ordering, "the order runs");
  assert.equal(it.changes.length, 0);
  gate.resolve();
  await until(() => it.changes.length === 1, "the swap");
  assert.equal(it.changes[0], relay.current());
  assert.equal(relay.current().selfSigned, false);
  assert.equal(it.authority.orders[0]?.replaces, undefined);
});

Deno.test("startRelayCertificate() goes on with the stored certificate after a restart", async () => {
  await using it = await bench();
  const first = await it.start({ kind: "local" });
  await first.stop();
  const second = await it.start();
  assert.equal(second.current().cert, first.current().cert);
  await second.stop();
  assert.equal(it.authority.orders.length, 1);
});

Deno.test("startRelayCertificate() renews a third before the end, naming what it replaces", async () => {
  await using it = await bench();
  const relay = await it.start({ kind: "local" });
  const { cert } = relay.current();
  it.clock.now = relay.status().renewAt - 1;
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(it.changes.length, 0);
  it.clock.now++;
  await until(() => it.changes.length === 1, "the renewal");
  assert.equal(it.authority.orders[1]?.replaces, cert);
  // For another key.
  await assert.rejects(readIdentity(cert, it.changes[0]!.key), /does not fit/);
});

Deno.test("startRelayCertificate() keeps the old certificate and goes on when orders fail", async () => {
  await using it = await bench();
  const relay = await it.start({ kind: "local" });
  const { cert } = relay.current();
  const failures: [name: string, issue: Authority["issue"], message: RegExp][] = [
    [
      "unreachable",
      () => Promise.reject(new Error("Cannot reach the ACME server; look at its status page")),
      /^Cannot reach the ACME server/,
    ],
    [
      "another's key",
      async (order) => {
        const { csr } = await makeKeyAndRequest(NAMES);
        return await it.authority.real.issue({ ...order, csr });
      },
      /does not fit its private key/,
    ],
    [
      "other names",
      (order) => it.authority.real.issue({ ...order, names: [`other.${baseDomain}`] }),
      /does not name glosson\.test, \*\.glosson\.test/,
    ],
    ["no certificate", () => Promise.resolve("oops"), /it has no PEM block/],
  ];
  it.clock.now = relay.status().renewAt;
  let count = 0;
  for (const [name, issue, message] of failures) {
    it.authority.issue = issue;
    await until(() => relay.status().failures === count + 1, name);
    count++;
    const store = openRelayStore(it.stateDir);
    await until(async () => (await store.readStatus()).failures === count, "the stored status");
    const status = relay.status();
    assert.match(status.lastError ?? "", message);
    assert.equal(relay.current().cert, cert);
    assert.match((await store.readStatus()).lastError ?? "", message);
    assert.ok(status.nextAttemptAt! > it.clock.now);
    it.authority.issue = it.authority.real.issue;
    if (count < failures.length) it.authority.issue = failures[count]![1];
    it.clock.now = status.nextAttemptAt!;
  }
  await until(() => it.changes.length === 1, "the order that succeeds");
  assert.equal(relay.status().failures, 0);
  assert.equal(relay.status().lastError, undefined);
  assert.notEqual(relay.current().cert, cert);
});

Deno.test("startRelayCertificate() refuses a certificate that does not begin yet", async () => {
  await using it = await bench();
  const relay = await it.start({ kind: "local" });
  const { cert } = relay.current();
  it.clock.now = relay.status().renewAt;
  it.authority.issue = async (order) => {
    const realNow = it.clock.now;
    it.clock.now = realNow + 2 * 3_600_000;
    const signed = it.authority.real.issue(order);
    it.clock.now = realNow;
    return await signed;
  };
  await until(() => relay.status().failures === 1, "the refusal");
  assert.match(
    relay.status().lastError ?? "",
    /begins at .* by this machine's clock; set the clock/,
  );
  assert.equal(relay.current().cert, cert);
});

Deno.test("startRelayCertificate() waits as long as the authority says", async () => {
  await using it = await bench();
  const relay = await it.start({ kind: "local" });
  it.clock.now = relay.status().renewAt;
  const later = it.clock.now + 3 * DAY;
  it.authority.issue = () =>
    Promise.reject(Object.assign(new Error("Too many certificates"), { until: later }));
  await until(() => relay.status().failures === 1, "the failure");
  assert.equal(relay.status().nextAttemptAt, later);
});

Deno.test("startRelayCertificate() goes on soon after what holds an order up is back, and counts one failure", async () => {
  await using it = await bench();
  const relay = await it.start({ kind: "local" });
  it.clock.now = relay.status().renewAt;
  const begin = it.clock.now;
  it.authority.issue = () => Promise.reject(new OrderHeldUpError("The DNS server is away"));
  await until(() => relay.status().failures === 1, "the failure");
  while (it.clock.now - begin < 120_000) {
    const next = relay.status().nextAttemptAt!;
    assert.ok(next - it.clock.now <= 6_000 + (it.clock.now - begin) / 2, `${next - begin}`);
    it.clock.now = next;
    await until(() => relay.status().nextAttemptAt! > next, "the next one");
    assert.equal(relay.status().failures, 1);
  }
  it.authority.issue = () => Promise.reject(new Error("The authority fails"));
  it.clock.now = relay.status().nextAttemptAt!;
  await until(() => relay.status().failures === 2, "the authority's failure");
});

Deno.test("startRelayCertificate() orders and asks at once when a clock that was years ahead is set right", async () => {
  await using it = await bench();
  const right = it.clock.now;
  const window = { start: right, end: right + 2 * DAY, askAgainAt: right + DAY };
  const answers = [false, false];
  const relay = await it.start({
    kind: "local",
    renewalWindow: () =>
      answers.shift() === false ? Promise.reject(new Error("-")) : Promise.resolve(window),
  });
  await until(() => answers.length === 1, "the first question");
  const { renewAt } = relay.status();
  it.authority.issue = () => Promise.reject(new Error("Its TLS certificate is out of date"));
  it.clock.now = right + 3_650 * DAY;
  await until(() => answers.length === 0 && relay.status().failures === 1, "the failures");
  assert.equal(relay.status().renewAt, renewAt);
  it.clock.now = right;
  await until(() => relay.status().renewAt === right + DAY, "the middle of the window");
  it.authority.issue = it.authority.real.issue;
  it.clock.now = right + DAY;
  await until(() => it.changes.length === 1, "the renewal");
});

Deno.test("startRelayCertificate() picks up what another process stored, and nothing unfit", async () => {
  await using it = await bench();
  const relay = await it.start({ kind: "local" });
  const store = openRelayStore(it.stateDir);
  const { cert } = relay.current();

  await Deno.writeTextFile(`${it.stateDir}/relay.pem`, "rubbish");
  await until(() => /stored certificate is not used/.test(it.log.text()), "the complaint");
  assert.equal(relay.current().cert, cert);

  it.clock.now += 1000;
  const { key, csr } = await makeKeyAndRequest(NAMES);
  const identity = await readIdentity(await it.authority.real.issue({ csr, names: NAMES }), key);
  await store.write(identity, { authority: "local", obtainedAt: "" });
  await until(() => it.changes.length === 1, "the pick-up");
  assert.equal(relay.current().key, key);
});

Deno.test("startRelayCertificate() orders when its turn has come, and picks up what others order till then", async () => {
  await using it = await bench();
  const [turn, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const first = await it.start({ kind: "local" });
  const second = await it.start({}, { come: turn.promise, end: end.resolve });
  it.clock.now = first.status().renewAt;
  await until(() => it.changes.length === 2, "both have the new one");
  assert.equal(second.current().cert, first.current().cert);
  assert.equal(it.authority.orders.length, 2);

  await first.stop();
  turn.resolve();
  it.clock.now = second.status().renewAt;
  await until(() => it.changes.length === 3, "a renewal of its own");
  assert.equal(it.authority.orders.length, 3);
  await second.stop();
  await end.promise;
});

Deno.test("startRelayCertificate() replaces another authority's certificate at once", async () => {
  await using it = await bench();
  const first = await it.start({ kind: "local" });
  await first.stop();
  const second = await it.start({ source: "https://acme.test/directory" });
  assert.equal(second.current().cert, first.current().cert);
  await until(() => it.changes.length === 1, "the replacement");
});

Deno.test("startRelayCertificate() falls back to self-signed on a stored pair that is none", async () => {
  await using it = await bench();
  const first = await it.start({ kind: "local" });
  await first.stop();
  const { key } = await makeKeyAndRequest(NAMES);
  await Deno.writeTextFile(`${it.stateDir}/relay.pem`, key + first.current().cert);
  const second = await it.start();
  assert.ok(second.current().selfSigned);
  assert.match(it.log.text(), /stored certificate is not used.*does not fit its private key/);
  await until(() => it.changes.length === 1, "a certificate that fits");
});

Deno.test("renewNow() joins the order under way, and rejects with its failure", async () => {
  await using it = await bench();
  const relay = await it.start({ kind: "local" });
  const before = it.authority.orders.length;
  await Promise.all([relay.renewNow(), relay.renewNow()]);
  assert.equal(it.authority.orders.length, before + 1);
  assert.equal(it.changes.length, 1);
  it.authority.issue = () => Promise.reject(new Error("no luck"));
  await assert.rejects(relay.renewNow(), /no luck/);
});

Deno.test("stop() ends an order under way", async () => {
  await using it = await bench();
  it.authority.issue = ({ signal }) =>
    new Promise((_, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason));
    });
  const relay = await it.start();
  await until(() => relay.status().ordering, "the order runs");
  await relay.stop();
  assert.equal(relay.status().failures, 0);
});

Deno.test("startRelayCertificate() renews when the authority's window says so", async () => {
  await using it = await bench();
  const { now } = it.clock;
  let window = { start: now + 10 * DAY, end: now + 12 * DAY, askAgainAt: now + DAY };
  const relay = await it.start({ kind: "local", renewalWindow: () => Promise.resolve(window) });
  await until(() => relay.status().renewAt === now + 11 * DAY, "the middle of the window");
  // The authority withdraws the certificate: the window lies in the past.
  window = { start: now - 2, end: now - 1, askAgainAt: now + 5 * DAY };
  it.clock.now = now + DAY;
  await until(() => it.changes.length >= 1, "the early renewal");
});
