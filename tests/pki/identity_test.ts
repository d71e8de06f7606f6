import assert from "node:assert/strict";
import { Authority } from "../../examples/conformance/authority.ts";
import { isPair, readChain, readIdentity } from "../../lib/pki/identity.ts";
import { selfSignedIdentity } from "../../lib/pki/self_signed.ts";

/** Now, as certificates have it: in whole seconds. */
const NOW = Math.floor(Date.now() / 1000) * 1000;

Deno.test("readIdentity() tells names, times and issuer of a certificate that vouches for itself", async () => {
  const names = ["glosson.test", "*.glosson.test", "127.0.0.1", "::1"];
  const { cert, key, ...info } = await selfSignedIdentity(names, NOW);
  assert.deepEqual(info, {
    names,
    notBefore: NOW - 3_600_000,
    notAfter: NOW + 365 * 86_400_000,
    issuer: "CN=glossond, waiting for its certificate",
    selfSigned: true,
  });
  assert.ok(isPair(readChain(cert).publicKey, key));
});

Deno.test("readChain() reads a leaf without a subject, and who signed it", async () => {
  const authority = await Authority.create();
  const { key, cert } = await authority.pair(["Kaylee.glosson.test", "2001:db8::1"]);
  const { names, issuer, selfSigned } = readIdentity(cert + authority.pem, key);
  assert.deepEqual(names, ["kaylee.glosson.test", "2001:db8::1"]);
  assert.equal(issuer, "CN=Glosson checks and tests");
  assert.equal(selfSigned, false);
});

Deno.test("readChain() refuses what another signed, also by another kind of key, and what is none", async () => {
  const [authority, stranger] = await Promise.all([Authority.create(), Authority.create()]);
  const { cert } = await authority.pair(["kaylee.glosson.test"]);
  const rsa = await selfSignedIdentity(["kaylee.glosson.test"], NOW);
  for (const other of [stranger.pem, rsa.cert]) {
    assert.throws(() => readChain(`${cert}${other}`), /^TypeError: .*is not signed by CN=/);
  }
  const block = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  assert.throws(() => readChain(block), /^TypeError: .*one of its blocks is no certificate/);
});
