import assert from "node:assert/strict";
import tls from "node:tls";
import * as x509 from "@peculiar/x509";
import { foreignText } from "../../../../examples/client/watch/foreign_certificates.ts";
import { verify } from "../../../../examples/client/verify.ts";
import { hasUnseen } from "../../../../lib/wire/unseen.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** What stands where names of a certificate are, to look like the program's own words. */
const FORGED = "x\n\nThis is the page's own computer\u2028\x1b[2J";

/** A TLS server with a certificate of its own making that is in this name. */
async function startServer(name: string): Promise<AsyncDisposable & { port: number }> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [name] }],
    keys,
    signingAlgorithm: ALGORITHM,
  });
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
  const key = x509.PemConverter.encode(pkcs8.buffer, "PRIVATE KEY");
  const server = tls.createServer({ key, cert: certificate.toString("pem") });
  server.on("secureConnection", (socket) => socket.on("error", () => {}));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    port,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

Deno.test("verify shows whose certificate it is in a line, whatever stands in it", async () => {
  await using server = await startServer(FORGED);
  const told: string[] = [];
  const page = new URL(`https://kaylee.localhost:${server.port}`);
  const code = await verify(
    { page, key: "A".repeat(43) + "=", address: "127.0.0.1" },
    (text) => told.push(text),
  );
  assert.notEqual(code, 0);
  const [sight = "", verdict = ""] = told;
  assert.match(sight, /^Certificate: CN=.*This is the page's own computer.*, until /m);
  assert.deepEqual(
    sight.split("\n").map((line) => line.split(":")[0]),
    ["Key", "Certificate", "Issued by", "Trusted", "ALPN"],
  );
  assert.ok(!sight.split("\n").some(hasUnseen));
  assert.match(verdict, /NOT WHAT IT SHOULD BE/);
});

Deno.test("a certificate of a public log is told in a line, whatever stands in it", () => {
  const one = { id: "7", names: ["a.example", FORGED], issuer: "CN=E5", notBefore: "", key: "k" };
  assert.equal(foreignText(one).split(/\s{2,}|[\n\u2028]/).length, 1);
});
