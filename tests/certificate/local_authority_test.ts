import assert from "node:assert/strict";
import type { Authority } from "../../lib/certificate/authority.ts";
import { makeKeyAndRequest } from "../../lib/pki/keys.ts";
import { openLocalAuthority } from "../../lib/certificate/local_authority.ts";
import { must } from "../../scripts/run.ts";
import { opensslRequest, temporaryFolder } from "./helpers.ts";

const baseDomain = "glosson.test";
const NAMES = [baseDomain, `*.${baseDomain}`, "localhost", "127.0.0.1"];

async function issueTo(folder: string, authority: Authority, names: string[]): Promise<string> {
  const { csr } = await makeKeyAndRequest(names);
  const path = `${folder}/leaf.pem`;
  await Deno.writeTextFile(path, await authority.issue({ csr, names }));
  return path;
}

Deno.test("openLocalAuthority() signs certificates that OpenSSL verifies", async () => {
  await using folder = temporaryFolder();
  const stateDir = `${folder.path}/state`;
  const authority = await openLocalAuthority({ stateDir, baseDomain });
  const leaf = await issueTo(folder.path, authority, NAMES);
  const root = `${stateDir}/local-ca.pem`;
  for (const name of [baseDomain, `relay.${baseDomain}`, "localhost"]) {
    await must("openssl", [
      ...["verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", name],
      ...["-CAfile", root, leaf],
    ]);
  }
  await must("openssl", ["verify", "-verify_ip", "127.0.0.1", "-CAfile", root, leaf]);
  const text = await must("openssl", ["x509", "-in", leaf, "-noout", "-text"]);
  assert.match(text, /Digital Signature/);
  assert.match(text, /TLS Web Server Authentication/);
  assert.match(text, /CA:FALSE/);
});

Deno.test("openLocalAuthority() signs RSA and ECDSA requests for exactly the names ordered", async () => {
  await using folder = temporaryFolder();
  const authority = await openLocalAuthority({ stateDir: folder.path, baseDomain });
  for (const key of ["rsa-2048", "ecdsa-p256", "ecdsa-p384"] as const) {
    const name = `kaylee.${baseDomain}`;
    const { csr, key: keyPem } = await opensslRequest(folder.path, {
      key,
      san: `DNS:${name},DNS:evil.${baseDomain}`,
    });
    const chain = await authority.issue({ csr, names: [name] });
    const san = await must("openssl", ["x509", "-noout", "-ext", "subjectAltName"], {
      input: chain,
    });
    assert.deepEqual(san.match(/DNS:\S+/g), [`DNS:${name}`]);
    assert.equal(
      await must("openssl", ["x509", "-noout", "-pubkey"], { input: chain }),
      await must("openssl", ["pkey", "-pubout"], { input: keyPem }),
    );
  }
});

Deno.test("openLocalAuthority() makes a root that is good for nothing but its own names", async () => {
  await using folder = temporaryFolder();
  const authority = await openLocalAuthority({ stateDir: folder.path, baseDomain });
  const root = `${folder.path}/local-ca.pem`;
  for (const name of ["example.com", `not${baseDomain}`, "127.0.0.2"]) {
    const leaf = await issueTo(folder.path, authority, [name]);
    await assert.rejects(
      must("openssl", ["verify", "-CAfile", root, leaf]),
      /permitted subtree violation/,
    );
  }
});

Deno.test("openLocalAuthority() makes a root that Deno's own TLS accepts", async () => {
  await using folder = temporaryFolder();
  const authority = await openLocalAuthority({ stateDir: folder.path, baseDomain });
  const { csr, key } = await makeKeyAndRequest(NAMES);
  const cert = await authority.issue({ csr, names: NAMES });
  const caCerts = [await Deno.readTextFile(`${folder.path}/local-ca.pem`)];
  using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  for (const hostname of ["localhost", "127.0.0.1", `relay.${baseDomain}`]) {
    const accepted = listener.accept();
    const tcp = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
    using client = await Deno.startTls(tcp, { hostname, caCerts });
    using server = await accepted;
    await Promise.all([client.handshake(), server.handshake()]);
  }
});

Deno.test("openLocalAuthority() keeps its root, and hides the key from others", async () => {
  await using folder = temporaryFolder();
  const stateDir = folder.path;
  const [first, second] = await Promise.all([
    openLocalAuthority({ stateDir, baseDomain }),
    openLocalAuthority({ stateDir, baseDomain }),
  ]);
  assert.equal(first.source, second.source);
  const third = await openLocalAuthority({ stateDir, baseDomain });
  assert.equal(third.source, first.source);
  const leaf = await issueTo(folder.path, third, NAMES);
  await must("openssl", ["verify", "-CAfile", `${stateDir}/local-ca.pem`, leaf]);
  assert.equal((await Deno.stat(`${stateDir}/local-ca-key.pem`)).mode! & 0o777, 0o600);
  assert.equal((await Deno.stat(`${stateDir}/local-ca.pem`)).mode! & 0o777, 0o644);
});

Deno.test("openLocalAuthority() says what is wrong with a root that it cannot use", async () => {
  await using folder = temporaryFolder();
  const stateDir = folder.path;
  await openLocalAuthority({ stateDir, baseDomain });
  await assert.rejects(
    openLocalAuthority({ stateDir, baseDomain: "other.test" }),
    /local-ca\.pem: it was made for other names than other\.test; remove it/,
  );
  await assert.rejects(
    openLocalAuthority({ stateDir, baseDomain, now: () => Date.now() + 11 * 365 * 86_400_000 }),
    /the certificate ended at .*; remove it/,
  );
  await Deno.writeTextFile(
    `${stateDir}/local-ca-key.pem`,
    (await makeKeyAndRequest([baseDomain])).key,
  );
  await assert.rejects(
    openLocalAuthority({ stateDir, baseDomain }),
    /does not fit its private key/,
  );
  await Deno.remove(`${stateDir}/local-ca-key.pem`);
  await assert.rejects(openLocalAuthority({ stateDir, baseDomain }), /its key is missing/);
});

Deno.test("openLocalAuthority() signs for the lifetime asked for", async () => {
  await using folder = temporaryFolder();
  const now = Date.UTC(2030, 0, 1);
  const authority = await openLocalAuthority({
    stateDir: folder.path,
    baseDomain,
    now: () => now,
    lifetimeMs: 60_000,
  });
  const leaf = await issueTo(folder.path, authority, NAMES);
  const dates = await must("openssl", ["x509", "-in", leaf, "-noout", "-dates"]);
  assert.match(dates, /notBefore=Dec 31 23:00:00 2029/);
  assert.match(dates, /notAfter=Jan {2}1 00:01:00 2030/);
});
