import assert from "node:assert/strict";
import { keyFingerprint, parseKeyFingerprint } from "../../lib/pki/key_fingerprint.ts";
import { selfSignedIdentity } from "../../lib/pki/self_signed.ts";

Deno.test("keyFingerprint() is what openssl prints of the key, and is read in the forms that people have it", async () => {
  const { cert } = await selfSignedIdentity(["kaylee.example.org"], Date.now());
  const openssl = new Deno.Command("sh", {
    args: [
      "-c",
      "openssl x509 -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64",
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const input = openssl.stdin.getWriter();
  await input.write(new TextEncoder().encode(cert));
  await input.close();
  const printed = new TextDecoder().decode((await openssl.output()).stdout).trim();
  assert.equal(keyFingerprint(cert), printed);

  const hex = Uint8Array.fromBase64(printed).toHex();
  for (const text of [printed, `sha256/${printed}`, `sha256//${printed}`, hex, hex.toUpperCase()]) {
    assert.equal(parseKeyFingerprint(text), printed, text);
  }
  const slashed = `/${printed.slice(1)}`;
  for (const text of [slashed, `sha256/${slashed}`, `sha256//${slashed}`]) {
    assert.equal(parseKeyFingerprint(text), slashed, text);
  }
  assert.equal(parseKeyFingerprint(hex.match(/../g)!.join(":")), printed);
  for (
    const text of ["", "sha256/", printed.slice(1), `${printed}=`, hex.slice(2), "z".repeat(64)]
  ) {
    assert.equal(parseKeyFingerprint(text), undefined, text);
  }
});
