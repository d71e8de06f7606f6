import assert from "node:assert/strict";
import { Authority } from "../../examples/conformance/authority.ts";
import { isPair, readChain, readIdentity } from "../../lib/pki/identity.ts";
import { makeKeyAndRequest } from "../../lib/pki/keys.ts";
import { must } from "../../scripts/run.ts";
import { temporaryFolder } from "../certificate/helpers.ts";
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
  assert.ok(isPair((await readChain(cert)).publicKey, key));
});

Deno.test("readChain() reads a leaf without a subject, and who signed it", async () => {
  const authority = await Authority.create();
  const { key, cert } = await authority.pair(["Kaylee.glosson.test", "2001:db8::1"]);
  const { names, issuer, selfSigned } = await readIdentity(cert + authority.pem, key);
  assert.deepEqual(names, ["kaylee.glosson.test", "2001:db8::1"]);
  assert.equal(issuer, "CN=Glosson checks and tests");
  assert.equal(selfSigned, false);
});

Deno.test("readChain() refuses what another signed, also by another kind of key, and what is none", async () => {
  const [authority, stranger] = await Promise.all([Authority.create(), Authority.create()]);
  const { cert } = await authority.pair(["kaylee.glosson.test"]);
  const rsa = await selfSignedIdentity(["kaylee.glosson.test"], NOW);
  for (const other of [stranger.pem, rsa.cert]) {
    await assert.rejects(readChain(`${cert}${other}`), /^TypeError: .*is not signed by CN=/);
  }
  const block = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  await assert.rejects(readChain(block), /^TypeError: .*one of its blocks is no certificate/);
});

/** Issuers whose signatures the runtime's reader does not take. */
const ISSUERS: Record<string, { key: string[]; signing?: string[] }> = {
  "a key on P-521": { key: ["EC", "-pkeyopt", "ec_paramgen_curve:P-521"] },
  "a key of RSA-PSS": { key: ["RSA-PSS"] },
  "RSA-PSS by an ordinary RSA key": {
    key: ["RSA"],
    signing: ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"],
  },
};

for (const [what, { key, signing = [] }] of Object.entries(ISSUERS)) {
  Deno.test(`readChain() reads what is signed with ${what}, and refuses another's`, async () => {
    await using folder = temporaryFolder();
    const at = (name: string) => `${folder.path}/${name}`;
    const root = async (name: string): Promise<string> => {
      await must("openssl", ["genpkey", "-algorithm", ...key, "-out", at(`${name}.key`)]);
      const request = ["req", "-x509", "-key", at(`${name}.key`), "-subj", "/CN=Root"];
      await must("openssl", [...request, "-out", at(`${name}.pem`)]);
      return await Deno.readTextFile(at(`${name}.pem`));
    };
    const [own, other] = [await root("own"), await root("other")];
    const { csr } = await makeKeyAndRequest(["kaylee.glosson.test"]);
    const signer = ["-CA", at("own.pem"), "-CAkey", at("own.key"), "-copy_extensions", "copy"];
    const leaf = await must("openssl", ["x509", "-req", ...signer, ...signing], { input: csr });
    assert.deepEqual((await readChain(leaf + own)).names, ["kaylee.glosson.test"]);
    await assert.rejects(readChain(leaf + other), /is not signed by CN=Root/);
  });
}

Deno.test("readChain() tells that a certificate of no subject vouches for itself", async () => {
  const extension = ["-subj", "/", "-addext", "subjectAltName=critical,DNS:a.test"];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"];
  const cert = await must("openssl", [
    "req",
    "-x509",
    ...key,
    "-keyout",
    "/dev/null",
    ...extension,
  ]);
  assert.equal((await readChain(cert)).selfSigned, true);
});
