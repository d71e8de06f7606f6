import assert from "node:assert/strict";
import { readChain, readIdentity, unfitness } from "../../lib/pki/identity.ts";
import { makeKeyAndRequest } from "../../lib/pki/keys.ts";
import { acquireLock, lockOwner } from "../../lib/file/lock.ts";
import { selfSignedIdentity } from "../../lib/pki/self_signed.ts";
import { openRelayStore, relayKeys } from "../../lib/certificate/store.ts";
import { keyFingerprint } from "../../lib/pki/key_fingerprint.ts";
import { writeDurably } from "../../lib/file/durable.ts";
import { must } from "../../scripts/run.ts";
import { temporaryFolder } from "./helpers.ts";

const NAMES = ["glosson.test", "*.glosson.test", "127.0.0.1"];
const METADATA = { authority: "local", source: "test", obtainedAt: "2026-01-01T00:00:00Z" };

Deno.test("selfSignedIdentity() is a certificate for its names that TLS can serve", async () => {
  const now = Date.now();
  const identity = await selfSignedIdentity(NAMES, now);
  assert.ok(identity.selfSigned);
  assert.deepEqual(identity.names, NAMES);
  assert.equal(unfitness(identity, { names: NAMES, now }), undefined);
  await must("openssl", ["x509", "-noout", "-checkhost", "relay.glosson.test"], {
    input: identity.cert,
  });
  using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, ...identity });
  const accepted = listener.accept();
  using client = await Deno.connectTls({
    hostname: "127.0.0.1",
    port: listener.addr.port,
    unsafelyDisableHostnameVerification: true,
    caCerts: [identity.cert],
  });
  using server = await accepted;
  const ends = await Promise.allSettled([client.handshake(), server.handshake()]);
  // Whether a client trusts it is the client's choice; that the handshake gets that far is ours.
  assert.ok(ends.every((end) => end.status === "fulfilled" || /cert/i.test(String(end.reason))));
});

Deno.test("openRelayStore() gives back the pair that it was given, readable to its owner only", async () => {
  await using folder = temporaryFolder();
  const store = openRelayStore(folder.path);
  assert.equal(await store.read(), undefined);
  const before = await store.version();
  const identity = await selfSignedIdentity(NAMES, Date.now());
  await store.write(identity, METADATA);
  assert.notEqual(await store.version(), before);
  assert.deepEqual(await store.read(), { identity, metadata: METADATA });
  assert.equal((await Deno.stat(`${folder.path}/relay.pem`)).mode! & 0o777, 0o600);
  // The notes above the blocks disturb nobody.
  await must("openssl", ["x509", "-noout", "-in", `${folder.path}/relay.pem`]);
  await must("openssl", ["pkey", "-noout", "-in", `${folder.path}/relay.pem`]);
});

Deno.test("openRelayStore() refuses a key that is another certificate's", async () => {
  await using folder = temporaryFolder();
  const store = openRelayStore(folder.path);
  const identity = await selfSignedIdentity(NAMES, Date.now());
  const { key } = await makeKeyAndRequest(NAMES);
  await assert.rejects(store.write({ ...identity, key }, METADATA), /does not fit its private key/);
  assert.equal(await store.read(), undefined);
  await Deno.writeTextFile(`${folder.path}/relay.pem`, key + identity.cert);
  await assert.rejects(store.read(), /does not fit its private key/);
  await Deno.writeTextFile(`${folder.path}/relay.pem`, key);
  await assert.rejects(store.read(), /it lacks its key or its chain/);
});

Deno.test("openRelayStore() is not troubled by what a crash left behind", async () => {
  await using folder = temporaryFolder();
  const store = openRelayStore(folder.path);
  await Deno.writeTextFile(`${folder.path}/relay.pem.new`, "half a cert", { mode: 0o644 });
  await Deno.writeTextFile(`${folder.path}/relay-status.json`, '{"failures":');
  await Deno.writeTextFile(`${folder.path}/relay-next.pem`, "-----BEGIN PRIVATE KEY-----\nMII");
  assert.equal(await store.read(), undefined);
  assert.equal(await store.readNext(), undefined);
  assert.deepEqual(await store.readStatus(), { failures: 0 });
  await store.write(await selfSignedIdentity(NAMES, Date.now()), METADATA);
  assert.equal((await Deno.stat(`${folder.path}/relay.pem`)).mode! & 0o777, 0o600);
  const next = await makeKeyAndRequest(NAMES);
  await store.writeNext(next);
  assert.deepEqual(await store.readNext(), next);
  await store.removeNext();
  assert.equal(await store.readNext(), undefined);
});

Deno.test("writeDurably() says in one sentence why it cannot write", async () => {
  await assert.rejects(
    writeDurably("/dev/full/x", "", 0o600),
    /^Error: Cannot write \/dev\/full\/x: /,
  );
  await using folder = temporaryFolder();
  await Deno.mkdir(`${folder.path}/x`);
  await assert.rejects(writeDurably(`${folder.path}/x`, "y", 0o600), /Cannot write .*\/x: /);
  await assert.rejects(Deno.stat(`${folder.path}/x.new`), Deno.errors.NotFound);
});

Deno.test("readChain() refuses a chain in the wrong order and text without one", async () => {
  const [a, b] = await Promise.all([
    selfSignedIdentity(["a.test"], Date.now()),
    selfSignedIdentity(["b.test"], Date.now()),
  ]);
  await assert.rejects(readChain(a.cert + b.cert), /is not signed by/);
  await assert.rejects(readChain("nothing here"), /no PEM block/);
  await assert.rejects(readIdentity(a.cert, b.key), /does not fit/);
});

Deno.test("unfitness() names the cause: names, too late, too early", async () => {
  const now = Date.UTC(2026, 5, 1);
  const identity = await selfSignedIdentity(NAMES, now);
  const { notBefore, notAfter } = identity;
  assert.match(
    unfitness(identity, { names: ["other.test"], now }) ?? "",
    /does not name other\.test \(it names glosson\.test, \*\.glosson\.test, 127\.0\.0\.1\)/,
  );
  assert.match(
    unfitness(identity, { names: NAMES, now: notAfter }) ?? "",
    /ended at .*set the clock/,
  );
  assert.match(
    unfitness(identity, { names: NAMES, now: notBefore - 1 }) ?? "",
    /begins at .*clock/,
  );
});

Deno.test("acquireLock() lets one in at a time and names who holds it", async () => {
  await using folder = temporaryFolder();
  const path = `${folder.path}/x.lock`;
  const first = await acquireLock(path, { owner: "daemon" });
  assert.ok(first);
  assert.equal(await acquireLock(path, { owner: "other" }), undefined);
  assert.equal(await lockOwner(path), `daemon (process ${Deno.pid})`);
  const waiting = acquireLock(path, { owner: "other", waitMs: 10_000, tryEveryMs: 5 });
  first.release();
  first.release();
  const second = await waiting;
  assert.ok(second);
  assert.match(await lockOwner(path), /^other/);
  second.release();
});

Deno.test("openRelayStore() remembers the keys before for as long as their certificates are good", async () => {
  await using folder = temporaryFolder();
  const store = openRelayStore(folder.path);
  const began = Date.parse("2026-01-01T00:00:00Z");
  const keysAt = async (now: number) => relayKeys((await store.read())!, now);
  const identities = [];
  for (const days of [0, 200, 400]) {
    const now = began + days * 86_400_000;
    const identity = await selfSignedIdentity(NAMES, now);
    identities.unshift(keyFingerprint(identity.cert));
    await store.write(identity, { ...METADATA, obtainedAt: new Date(now).toISOString() });
    // Each is good for a year: of the third, only the second is left.
    assert.deepEqual(await keysAt(now), identities.slice(0, 2));
  }
  assert.deepEqual(await keysAt(began + 600 * 86_400_000), identities.slice(0, 1));
});
