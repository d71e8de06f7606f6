import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { KeyAndChain } from "../../../../examples/client/front/tls_end.ts";
import { ACME_PROTOCOL } from "../../../../examples/client/front/proof.ts";
import { GROUPS, readProofHello } from "../../../../examples/client/front/proof_hello.ts";
import { Authority } from "../../../../examples/conformance/authority.ts";
import { run } from "../../../../scripts/run.ts";
import { readRecordings } from "../../../wire/recording.ts";
import { challenge, DOMAIN, KEY_AUTHORIZATION } from "./challenge.ts";
import { fronted, HOSTNAME } from "./fronted.ts";

/** What OpenSSL tells of a handshake. */
async function handshake(port: number, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await run("sh", [
    ...["-c", 'openssl s_client -connect "$@" </dev/null', "sh", `127.0.0.1:${port}`],
    ...args,
  ]);
  return stdout + stderr;
}

const ask = ["-servername", DOMAIN, "-alpn", "acme-tls/1"];

Deno.test("Front proves a domain as RFC 8737 has it, by either group, however the hello comes", async () => {
  await fronted(() => () => Promise.reject(new Error("unasked")), async ({ front, port }) => {
    front.domains.prove(DOMAIN, await challenge());
    for (
      const [group, ...more] of [["X25519"], ["P-256"], ["P-521:X25519"], [
        "X25519",
        ...["-max_send_frag", "512", "-split_send_frag", "64"],
      ]] as [string, ...string[]][]
    ) {
      const said = await handshake(port, ...ask, "-groups", group, ...more);
      if (group.startsWith("P-521")) {
        // Its only key share: none of ours, and no second try is offered.
        assert.match(said, /no peer certificate available/);
        continue;
      }
      assert.match(said, /ALPN protocol: acme-tls\/1/, said);
      assert.match(said, /New, TLSv1\.3, Cipher is TLS_AES_128_GCM_SHA256/);
      const pem = /-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----/.exec(said)![0];
      const shown = await run("sh", [
        "-c",
        'printf %s "$1" | openssl x509 -noout -text',
        "sh",
        pem,
      ]);
      assert.match(shown.stdout, new RegExp(`DNS:${DOMAIN}`));
      assert.match(shown.stdout, /1\.3\.6\.1\.5\.5\.7\.1\.31: critical/);
      const digest = createHash("sha256").update(KEY_AUTHORIZATION).digest();
      const der = atob(pem.replace(/-----[^-]+-----|\s/g, ""));
      assert.ok(der.includes(digest.toString("latin1")));
    }
    assert.match(await handshake(port, ...ask, "-tls1_2"), /no peer certificate available/);
    // For no other domain, and not once it is over.
    const other = ["-servername", "other.example.org", "-alpn", "acme-tls/1"];
    assert.match(await handshake(port, ...other), /alert no application protocol/);
    // RFC 8737 section 3: an authority offers this protocol alone, and names the domain.
    const several = ["-servername", DOMAIN, "-alpn", "acme-tls/1,http/1.1"];
    assert.match(await handshake(port, ...several), /ALPN protocol: http\/1\.1/);
    const unnamed = ["-noservername", "-alpn", "acme-tls/1"];
    assert.match(await handshake(port, ...unnamed), /alert no application protocol/);
    front.domains.prove(DOMAIN, undefined);
    assert.doesNotMatch(await handshake(port, ...ask), /ALPN protocol: acme-tls/);
  });
});

Deno.test("readProofHello() takes what programs of five libraries ask with that ask as authorities do", () => {
  const asking = readRecordings().filter(({ openssl: { alpn } }) => `${alpn}` === ACME_PROTOCOL);
  const groups = asking.map(({ name, bytes }) => [
    ...[name, GROUPS[readProofHello(bytes).share.group]!.name],
  ]);
  assert.deepEqual(groups, [
    ["gnutls-acme", "ECDH"],
    ["go-acme", "X25519"],
    ["node-acme", "X25519"],
    ["openssl-acme", "X25519"],
    ["python-acme", "X25519"],
  ]);
});

Deno.test("Front ends TLS by the name that is asked for", async () => {
  const authority = await Authority.create();
  const identity = async (name: string): Promise<KeyAndChain> => {
    const { cert, key } = await authority.pair([name]);
    return { chain: cert, key };
  };
  await fronted(() => () => Promise.reject(new Error("unasked")), async ({ front, port }) => {
    const shown = async (name: string): Promise<string | undefined> => {
      const args = ["-servername", name, "-alpn", "http/1.1", "-showcerts"];
      const said = await handshake(port, ...args);
      const pem = /-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----/.exec(said)![0];
      const { stdout } = await run("sh", [
        ...["-c", 'printf %s "$1" | openssl x509 -noout -ext subjectAltName', "sh", pem],
      ]);
      return /DNS:(\S+)/.exec(stdout)?.[1];
    };
    assert.equal(await shown(DOMAIN), HOSTNAME);
    await front.domains.useFor(DOMAIN, await identity(DOMAIN));
    assert.equal(await shown(DOMAIN.toUpperCase()), DOMAIN);
    assert.equal(await shown(HOSTNAME), HOSTNAME);
    assert.equal(await shown("other.example.org"), HOSTNAME);
    await front.domains.useFor("other.example.org", await identity("other.example.org"));
    await front.domains.useFor(DOMAIN, undefined);
    assert.equal(await shown("other.example.org"), "other.example.org");
    assert.equal(await shown(DOMAIN), HOSTNAME);
  });
});
