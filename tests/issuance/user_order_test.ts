import assert from "node:assert/strict";
import { orderUserCertificate } from "../../lib/issuance/user_order.ts";
import { checkCsr } from "../../lib/pki/csr.ts";
import { must } from "../../scripts/run.ts";
import { temporaryFolder } from "../certificate/helpers.ts";

const NAME = "kaylee.glosson.test";

Deno.test("orderUserCertificate() takes what is signed for a key whose point is compressed", async () => {
  await using folder = temporaryFolder();
  const [plain, key] = [`${folder.path}/plain.key`, `${folder.path}/compressed.key`];
  await must("openssl", ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", plain]);
  await must("openssl", ["ec", "-in", plain, "-conv_form", "compressed", "-out", key]);
  const names = ["-subj", "/", "-addext", `subjectAltName=DNS:${NAME}`];
  const check = await checkCsr(await must("openssl", ["req", "-new", "-key", key, ...names]), NAME);
  assert.ok(check.ok, JSON.stringify(check));
  const signed = await must(
    "openssl",
    ["x509", "-req", "-signkey", key, "-copy_extensions", "copy"],
    { input: check.pem },
  );
  const { certificate } = await orderUserCertificate({
    csr: check.pem,
    authority: { kind: "local", source: "openssl", issue: () => Promise.resolve(signed) },
    now: Date.now,
  });
  assert.equal(certificate, signed);
});
