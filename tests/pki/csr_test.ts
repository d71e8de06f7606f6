import assert from "node:assert/strict";
import process from "node:process";
import { makeKeyAndRequest } from "../../lib/pki/keys.ts";
import { checkCsr, requestKey, requestNames } from "../../lib/pki/csr.ts";
import {
  opensslRequest,
  quickRequest,
  type RequestOptions,
  temporaryFolder,
} from "../certificate/helpers.ts";

const HOSTNAME = "kaylee.glosson.test";

const ACCEPTED: Record<string, RequestOptions & { keyType: string }> = {
  "ECDSA P-256": { key: "ecdsa-p256", keyType: "ecdsa-p256" },
  "ECDSA P-384 signed with SHA-256": { key: "ecdsa-p384", keyType: "ecdsa-p384" },
  "ECDSA P-256 signed with SHA-512": { hash: "sha512", keyType: "ecdsa-p256" },
  "RSA 2048": { key: "rsa-2048", keyType: "rsa-2048" },
  "a common name equal to the SAN": { subject: `/CN=${HOSTNAME}`, keyType: "ecdsa-p256" },
  "names in capitals": { san: "DNS:Kaylee.Glosson.TEST", keyType: "ecdsa-p256" },
  "other subject fields": { subject: "/O=Nobody/C=DE", keyType: "ecdsa-p256" },
};

for (const [what, { keyType, ...options }] of Object.entries(ACCEPTED)) {
  Deno.test(`checkCsr() accepts ${what}`, async () => {
    await using folder = temporaryFolder();
    const { csr } = await opensslRequest(folder.path, options);
    const check = await checkCsr(csr, HOSTNAME);
    assert.ok(check.ok, JSON.stringify(check));
    assert.equal(check.keyType, keyType);
    assert.deepEqual(requestNames(check.pem), [HOSTNAME]);
    assert.ok(requestKey(check.pem).length > 60);
  });
}

const REFUSED: Record<string, RequestOptions & { reason: RegExp }> = {
  "no SAN": { san: null, subject: `/CN=${HOSTNAME}`, reason: /add DNS:kaylee/ },
  "a foreign name": { san: "DNS:river.glosson.test", reason: /names dns "river\.glosson\.test"/ },
  "the base domain": { san: "DNS:glosson.test", reason: /name only DNS:kaylee/ },
  "a wildcard": { san: `DNS:*.${HOSTNAME}`, reason: /name only/ },
  "an extra name": { san: `DNS:${HOSTNAME},DNS:river.glosson.test`, reason: /"river/ },
  "the name twice": { san: `DNS:${HOSTNAME},DNS:${HOSTNAME}`, reason: /name it once/ },
  "an extra address": { san: `DNS:${HOSTNAME},IP:127.0.0.1`, reason: /names ip "127\.0\.0\.1"/ },
  "an extra mailbox": { san: `DNS:${HOSTNAME},email:a@b.test`, reason: /names email/ },
  "an extra URI": { san: `DNS:${HOSTNAME},URI:https://b.test`, reason: /names url/ },
  "an extra registered id": { san: `DNS:${HOSTNAME},RID:1.2.3.4`, reason: /names id/ },
  "an extra other name": {
    san: `DNS:${HOSTNAME},otherName:1.2.3.4;UTF8:x`,
    reason: /names more than DNS names/,
  },
  "an extra directory name": {
    san: `DNS:${HOSTNAME},dirName:who`,
    config: "[who]\nCN = x",
    reason: /names dn/,
  },
  "another name behind an unreadable one": {
    san: `DNS:${HOSTNAME},otherName:1.2.3.4;UTF8:x,DNS:river.glosson.test`,
    reason: /names dns "river/,
  },
  "a trailing dot": { san: `DNS:${HOSTNAME}.`, reason: /name only/ },
  "another common name": { subject: "/CN=river.glosson.test", reason: /common name is "river/ },
  "a second, other common name": {
    subject: `/CN=${HOSTNAME}/CN=river.glosson.test`,
    reason: /common name is "river/,
  },
  "RSA 1024": { key: "rsa-1024", reason: /1024 bits: use 2048 to 4096/ },
  "RSA 4104": { key: "rsa-4104", reason: /RSA of 2048 to 4096 bits/ },
  "RSA with exponent 3": { key: "rsa-e3", reason: /use 65537/ },
  "RSA-PSS keys": { key: "rsa-pss", reason: /key is rsa-pss/ },
  "ECDSA P-521": { key: "ecdsa-p521", reason: /secp521r1: use ECDSA P-256/ },
  "Ed25519": { key: "ed25519", reason: /ed25519: use/ },
  "explicit curve parameters": { key: "explicit-ec", reason: /make a new one|: use/ },
  "SHA-1": { hash: "sha1", reason: /use SHA-256/ },
};

for (const [what, { reason, ...options }] of Object.entries(REFUSED)) {
  Deno.test(`checkCsr() refuses ${what}`, async () => {
    await using folder = temporaryFolder();
    const { csr } = await opensslRequest(folder.path, options);
    const check = await checkCsr(csr, HOSTNAME);
    assert.ok(!check.ok);
    assert.match(check.reason, reason);
  });
}

Deno.test("checkCsr() takes names of one label below the host, as many as it is told", async () => {
  const ask = async (names: string[], maxBelow = 2) =>
    await checkCsr((await makeKeyAndRequest(names, "ecdsa")).csr, HOSTNAME, maxBelow);
  const www = `www.${HOSTNAME}`;
  const app = `APP.${HOSTNAME}`;
  const check = await ask([www, HOSTNAME, app]);
  assert.ok(check.ok, JSON.stringify(check));
  assert.deepEqual(check.below, ["app", "www"]);
  assert.deepEqual(requestNames(check.pem), [www, HOSTNAME, app.toLowerCase()]);
  const host = await ask([HOSTNAME]);
  assert.ok(host.ok && host.below.length === 0);
  const long = `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.glosson.test`;
  const tooLong = `${"d".repeat(63)}.${long}`;
  const refused: [RegExp, string[], number?][] = [
    [/name only DNS:kaylee\.glosson\.test$/, [HOSTNAME, www], 0],
    [/does not name kaylee\.glosson\.test: add DNS:kaylee/, [www]],
    [/names 3 names below kaylee\.glosson\.test: name 2 at most/, [
      HOSTNAME,
      www,
      app,
      `c.${HOSTNAME}`,
    ]],
    [/names app\.kaylee\.glosson\.test twice/, [HOSTNAME, app, app.toLowerCase()]],
    ...["a.b", "*", "_acme-challenge", "-a", "xn--bcher-kva", "a_b", "", "a".repeat(64)]
      .map((below): [RegExp, string[]] => [
        /name only DNS:kaylee\.glosson\.test and names of one label below it, 2 at most/,
        [HOSTNAME, `${below}.${HOSTNAME}`],
      ]),
    [/name only DNS:kaylee/, [HOSTNAME, "app.river.glosson.test"]],
    [/name only DNS:kaylee/, [HOSTNAME, `app${HOSTNAME}`]],
  ];
  for (const [reason, names, maxBelow] of refused) {
    const check = await ask(names, maxBelow);
    assert.ok(!check.ok, names.join(" "));
    assert.match(check.reason, reason);
  }
  const { csr } = await makeKeyAndRequest([long, tooLong], "ecdsa");
  const check2 = await checkCsr(csr, long, 1);
  assert.ok(!check2.ok);
  assert.match(check2.reason, /of 268 characters: name none of more than 237/);
  await using folder = temporaryFolder();
  const other = { san: `DNS:${HOSTNAME},otherName:1.2.3.4;UTF8:x,DNS:${www}` };
  const hidden = await checkCsr((await opensslRequest(folder.path, other)).csr, HOSTNAME, 2);
  assert.ok(!hidden.ok);
  assert.match(hidden.reason, /names more than DNS names/);
});

Deno.test("checkCsr() refuses a changed request", async () => {
  const der = bytesOf(await quickRequest(HOSTNAME));
  for (const offset of [der.length - 1, der.length - 40]) {
    const changed = der.slice();
    changed[offset]! ^= 1;
    const check = await checkCsr(pemOf(changed), HOSTNAME);
    assert.ok(!check.ok);
    assert.match(check.reason, /signature does not fit|cannot be read/);
  }
});

Deno.test("checkCsr() refuses what is no single request", async () => {
  const csr = await quickRequest(HOSTNAME);
  const der = bytesOf(csr);
  const cases: [string, RegExp][] = [
    ["", /No PEM block/],
    ["hello", /No PEM block/],
    [csr.replaceAll("CERTIFICATE REQUEST", "CERTIFICATE"), /No PEM block/],
    [csr + "\n" + csr, /exactly one/],
    [pemOf(der.slice(0, -5)), /cut short/],
    [pemOf(Uint8Array.from([...der, 0, 0])), /behind its end/],
    [pemOf(new Uint8Array(100)), /cut short|cannot be read/],
    [pemOf(Uint8Array.from([0x30, 0])), /cannot be read/],
    [csr + "x".repeat(16 * 1024), /the limit is 16384/],
    ["-----BEGIN CERTIFICATE REQUEST-----\n=\n-----END CERTIFICATE REQUEST-----", /./],
  ];
  for (const [pem, reason] of cases) {
    const check = await checkCsr(pem, HOSTNAME);
    assert.ok(!check.ok, pem);
    assert.match(check.reason, reason);
  }
});

Deno.test("checkCsr() tries white space that leads to nothing but once", async () => {
  const began = process.cpuUsage();
  const blank = " ".repeat(16_000);
  const check = await checkCsr(`-----BEGIN CERTIFICATE REQUEST-----${blank}`, HOSTNAME);
  const { user } = process.cpuUsage(began);
  assert.ok(!check.ok);
  assert.match(check.reason, /No PEM block/);
  // In every way that it can be divided in two it takes a second.
  assert.ok(user < 200_000, `${user} µs`);
});

Deno.test("checkCsr() returns the request without the text around it", async () => {
  const csr = await quickRequest(HOSTNAME);
  const check = await checkCsr(`my key is secret\n${csr}\nbye`, HOSTNAME);
  assert.ok(check.ok);
  assert.equal(check.pem.trim(), csr.trim());
});

Deno.test("checkCsr() refuses a request that came with its private key", async () => {
  const csr = await quickRequest(HOSTNAME);
  for (const kind of ["", "EC ", "RSA ", "ENCRYPTED "]) {
    const key = `-----BEGIN ${kind}PRIVATE KEY-----\nAAAA\n-----END ${kind}PRIVATE KEY-----\n`;
    for (const sent of [csr + key, key + csr]) {
      const check = await checkCsr(sent, HOSTNAME);
      assert.ok(!check.ok);
      assert.match(check.reason, /private key was sent.*make a new one/);
    }
  }
});

Deno.test("checkCsr() survives any damage to a request", async () => {
  const der = bytesOf(await quickRequest(HOSTNAME));
  for (let offset = 0; offset < der.length; offset++) {
    const changed = der.slice();
    changed[offset] = 0xff - changed[offset]!;
    const check = await checkCsr(pemOf(changed), HOSTNAME);
    assert.ok(!check.ok, `byte ${offset} changed and nobody noticed`);
  }
});

function bytesOf(pem: string): Uint8Array {
  return Uint8Array.from(atob(pem.replace(/-----[^-]+-----|\s/g, "")), (c) => c.charCodeAt(0));
}

function pemOf(der: Uint8Array): string {
  const body = btoa(String.fromCharCode(...der));
  return `-----BEGIN CERTIFICATE REQUEST-----\n${body}\n-----END CERTIFICATE REQUEST-----\n`;
}
