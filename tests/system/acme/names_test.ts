import assert from "node:assert/strict";
import { opensslRequest, temporaryFolder, until } from "../../certificate/helpers.ts";
import { openRelayApi } from "./api.ts";
import { BASE } from "./bench.ts";
import { startAcmeDaemon } from "./daemon.ts";
import { pollNames } from "./dns_poller.ts";
import type { PowerDnsServer } from "./servers.ts";
import { standsIn, writeZone } from "./zone.ts";

const ASK_EVERY_MS = 5;

function standsAt(dns: PowerDnsServer, name: string): Promise<string[]> {
  return standsIn(dns, BASE, name);
}

Deno.test("a user's name is answered for by A and AAAA at every moment of its life, and leaves nothing", async () => {
  await using daemon = await startAcmeDaemon({
    sleepS: 2,
    prepare: ({ dns }) => writeZone(dns, BASE),
    settings: { CERTIFICATES_PER_DAY: "20" },
  });
  const { dns } = daemon.it;
  await using folder = temporaryFolder();
  await daemon.logged("certificate in use");
  await using api = await openRelayApi(daemon);
  const name = `kaylee.${BASE}`;
  const request = async (key: "ecdsa-p256" | "rsa-2048") =>
    (await opensslRequest(folder.path, { key, san: `DNS:${name}` })).csr;

  await using poller = pollNames(dns.dnsPort, [name, BASE, `relay.${BASE}`], ASK_EVERY_MS);
  const token = await api.claim("kaylee");
  // First certificates and renewals, of both kinds of keys.
  for (const key of ["ecdsa-p256", "rsa-2048", "ecdsa-p256", "rsa-2048"] as const) {
    await api.ready(token, await api.order(token, await request(key)));
  }
  assert.deepEqual(await standsAt(dns, name), [`${name}. A 127.0.0.9`, `${name}. AAAA ::9`]);

  // Killed while its challenge stands; started again, it goes on.
  const id = await api.order(token, await request("rsa-2048"));
  const record = `_acme-challenge.${name}`;
  await until(async () => (await dns.txt(record)).length > 0, "a challenge");
  await daemon.restart("SIGKILL", async () => {
    assert.equal((await dns.txt(record)).length, 1);
    const before = poller.answered;
    await until(() => poller.answered > before + 200, "answers while no relay runs");
  });
  await api.ready(token, id);
  const renewed = await daemon.glossond("cert", "renew", "--force");
  assert.equal(renewed.code, 0, renewed.stderr);

  await poller.stop();
  assert.deepEqual(poller.unanswered, []);
  assert.ok(poller.answered > 3_000, String(poller.answered));

  await api.call("DELETE", "/v1/account", { token });
  await until(async () => (await standsAt(dns, name)).length === 0, "an empty zone");
  assert.deepEqual(await dns.rows(name), []);
  await using after = pollNames(dns.dnsPort, [name], ASK_EVERY_MS);
  await until(() => after.answered > 20, "answers by the wildcard");
  assert.deepEqual(after.unanswered, []);
});

Deno.test("a name that is released while its order runs, or no relay does, leaves nothing", async () => {
  const users = new Map([["kaylee", ""], ["river", ""]]);
  await using daemon = await startAcmeDaemon({
    sleepS: 2,
    users,
    prepare: ({ dns }) => writeZone(dns, BASE),
  });
  const { dns } = daemon.it;
  await using folder = temporaryFolder();
  await daemon.logged("certificate in use");
  await using api = await openRelayApi(daemon);
  const [kaylee, river] = ["kaylee", "river"].map((username) => `${username}.${BASE}`);

  const token = users.get("kaylee")!;
  const { csr } = await opensslRequest(folder.path, { san: `DNS:${kaylee}` });
  await api.order(token, csr);
  await until(async () => (await dns.txt(`_acme-challenge.${kaylee}`)).length > 0, "a challenge");
  await api.call("DELETE", "/v1/account", { token });
  await until(async () => (await dns.rows(kaylee!)).length === 0, "an empty zone");

  assert.equal((await standsAt(dns, river!)).length, 2);
  await daemon.restart("SIGTERM", async () => {
    const released = await daemon.glossond("users", "release", "river", "--yes");
    assert.equal(released.code, 0, released.stderr);
    assert.equal((await standsAt(dns, river!)).length, 2);
  });
  await until(async () => (await dns.rows(river!)).length === 0, "an empty zone");
});
