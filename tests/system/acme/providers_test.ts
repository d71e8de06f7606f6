import assert from "node:assert/strict";
import { findChallengePlace } from "../../../lib/dns/challenge_place.ts";
import { NameKeeper } from "../../../lib/dns/name_keeper.ts";
import { nameServersOf } from "../../../lib/dns/provider.ts";
import { createDnsTurn } from "../../../lib/dns/turn.ts";
import { readIdentity } from "../../../lib/pki/identity.ts";
import { makeKeyAndRequest } from "../../../lib/pki/keys.ts";
import { storeIn } from "../../store/helpers.ts";
import { opensslRequest, temporaryFolder, until } from "../../certificate/helpers.ts";
import { openRelayApi } from "./api.ts";
import { BASE, NAMES, orderBench } from "./bench.ts";
import { startDaemonBeside } from "./daemon.ts";
import { pollNames } from "./dns_poller.ts";
import { startPowerDns, type ZoneServer } from "./servers.ts";
import { startBind, startKnot, type UpdateServer } from "./update_servers.ts";
import { standsIn, writeSets } from "./zone.ts";

/** A server that the same tests can use, whatever it is. */
interface TestedServer extends ZoneServer {
  /** Writes sets at once, as the operator would; one without values is deleted. */
  write(...sets: [name: string, type: string, ...values: string[]][]): Promise<void>;
  /** What stands in the zone at a name and below it, as `NAME. TYPE VALUE`. */
  standsAt(name: string): Promise<string[]>;
}

/** Every kind of server that a relay can write to. */
const SERVERS: Record<string, () => Promise<TestedServer>> = {
  async PowerDNS() {
    const server = await startPowerDns({ zones: [BASE] });
    return {
      ...server,
      write: (...sets) => writeSets(server, BASE, ...sets),
      standsAt: (name) => standsIn(server, BASE, name),
    };
  },
  bind9: async () => tested(await startBind({ zone: BASE })),
  "bind9, signed": async () => tested(await startBind({ zone: BASE, signed: true })),
  knot: async () => tested(await startKnot({ zone: BASE })),
  "knot, signed": async () => tested(await startKnot({ zone: BASE, signed: true })),
};

function tested(server: UpdateServer): TestedServer {
  return {
    ...server,
    write: (...sets) =>
      server.update(...sets.flatMap(([name, type, ...values]) => [
        `update delete ${name}. ${type}`,
        ...values.map((value) => `update add ${name}. 300 ${type} ${value}`),
      ])),
  };
}

/** Addresses for the base domain and all names below it. */
const ADDRESSES: Parameters<TestedServer["write"]> = [
  [BASE, "A", "127.0.0.9"],
  [BASE, "AAAA", "::9"],
  [`*.${BASE}`, "A", "127.0.0.9"],
  [`*.${BASE}`, "AAAA", "::9"],
];

const KAYLEE = `kaylee.${BASE}`;

/** What becomes of the wildcard, one after another. */
const CHANGES: Parameters<TestedServer["write"]>[] = [
  [[`*.${BASE}`, "A", "127.0.0.9"], [`*.${BASE}`, "AAAA", "::9"]],
  [[`*.${BASE}`, "A", "127.0.0.7", "127.0.0.8"], [`*.${BASE}`, "HTTPS", "1 . alpn=h2"]],
  [
    ...["A", "AAAA", "HTTPS"].map((type): [string, string] => [`*.${BASE}`, type]),
    [`*.${BASE}`, "CNAME", `ns1.${BASE}.`],
  ],
  [[`*.${BASE}`, "CNAME"], [`*.${BASE}`, "A", "127.0.0.9"]],
];

for (const [what, start] of Object.entries(SERVERS)) {
  Deno.test(`${what}: a user's name is answered for at every moment of its life, and leaves nothing`, async () => {
    await using daemon = await startDaemonBeside(() => orderBench(start, { sleepS: 1 }), {
      prepare: ({ dns }) => dns.write(...ADDRESSES),
      settings: { CAA_IDENTITY: "ca.test" },
    });
    const { dns } = daemon.it;
    await using folder = temporaryFolder();
    await daemon.logged("certificate in use");
    await using api = await openRelayApi(daemon);
    await using poller = pollNames(dns.dnsPort, [KAYLEE, BASE, `relay.${BASE}`], 5);
    const token = await api.claim("kaylee");
    for (const key of ["ecdsa-p256", "rsa-2048"] as const) {
      const { csr, key: pem } = await opensslRequest(folder.path, { key, san: `DNS:${KAYLEE}` });
      // The relay's own beside it, in the same zone.
      const [chain, renewed] = await Promise.all([
        api.order(token, csr).then((id) => api.ready(token, id)),
        daemon.glossond("cert", "renew", "--force"),
      ]);
      assert.deepEqual((await readIdentity(chain, pem)).names, [KAYLEE]);
      assert.equal(renewed.code, 0, renewed.stderr);
    }
    const addresses = [`${KAYLEE}. A 127.0.0.9`, `${KAYLEE}. AAAA ::9`];
    assert.deepEqual(await dns.standsAt(KAYLEE), addresses);
    assert.deepEqual(await dns.standsAt(`_acme-challenge.${BASE}`), []);
    const setCaa = (account: "relay" | null) =>
      api.call("PUT", "/v1/caa", { token, body: { account } });
    const { records, written } = await setCaa("relay");
    assert.equal(written, true);
    assert.match(
      records[0],
      /CAA 0 issue "ca\.test; accounturi=https:\S+; validationmethods=dns-01"/,
    );
    assert.deepEqual(await dns.standsAt(KAYLEE), [
      ...addresses,
      ...records.map((record: string) => record.replace(" IN", "")),
    ]);
    assert.equal((await setCaa(null)).written, true);
    assert.deepEqual(await dns.standsAt(KAYLEE), addresses);
    await setCaa("relay");
    await poller.stop();
    assert.deepEqual(poller.unanswered, []);
    assert.ok(poller.answered > 500, String(poller.answered));

    await api.call("DELETE", "/v1/account", { token });
    await until(async () => (await dns.standsAt(KAYLEE)).length === 0, "an empty zone");
  });

  Deno.test(`${what}: orders for the same names at once leave others' values alone`, async () => {
    await using it = await orderBench(start);
    const record = `_acme-challenge.${BASE}`;
    await it.dns.write([record, "TXT", '"somebody else\'s"', '"in two" "parts"']);
    const before = await it.dns.standsAt(record);
    const authority = await it.open();
    await Promise.all(Array.from({ length: 4 }, async (_, i) => {
      // The relay's two names are proven at one, those of the others at two each.
      const names = i === 0 ? NAMES : [BASE, `user${i}.${BASE}`];
      const { csr, key } = await makeKeyAndRequest(names);
      const chain = await authority.issue({ csr, names });
      assert.deepEqual((await readIdentity(chain, key)).names.toSorted(), names.toSorted());
    }));
    assert.equal(before.length, 2);
    assert.deepEqual(await it.dns.standsAt(record), before);
    for (const i of [1, 2, 3]) assert.deepEqual(await it.dns.standsAt(`user${i}.${BASE}`), []);
  });

  Deno.test(`${what}: a wildcard's CNAME leads no challenge astray, and one at the name does`, async () => {
    await using it = await orderBench(start);
    await it.dns.write(
      [`*.${BASE}`, "CNAME", `Elsewhere.${BASE}.`],
      [`_acme-challenge.river.${BASE}`, "CNAME", `River-Challenge.${BASE}.`],
    );
    const authority = await it.open();
    const written: Record<string, unknown> = {};
    for (const name of [BASE, `river.${BASE}`, KAYLEE]) {
      const { csr } = await makeKeyAndRequest([name]);
      await authority.issue({
        csr,
        names: [name],
        onStep(step, fields) {
          if (step === "challenge written") written[name] = fields?.at;
        },
      });
    }
    assert.deepEqual(written, {
      [BASE]: undefined,
      [`river.${BASE}`]: `river-challenge.${BASE}`,
      [KAYLEE]: undefined,
    });
    const left = (await it.dns.standsAt(BASE)).filter((record) => / TXT /.test(record));
    assert.deepEqual(left, []);
  });

  Deno.test(`${what}: tells the zone's servers, and where a challenge is delegated to others`, async () => {
    await using dns = await start();
    const provider = dns.provider();
    const zone = await provider.findZone(KAYLEE);
    await dns.write([BASE, "NS", `ns1.${BASE}.`, "ns.elsewhere.test."]);
    const servers = await nameServersOf(provider, zone);
    assert.deepEqual(servers.toSorted(), ["ns.elsewhere.test", `ns1.${BASE}`]);
    const challenge = `_acme-challenge.${KAYLEE}`;
    assert.equal((await findChallengePlace(provider, challenge)).name, challenge);
    for (const cut of [challenge, KAYLEE]) {
      await dns.write([cut, "NS", "ns.elsewhere.test."]);
      await assert.rejects(
        findChallengePlace(provider, challenge),
        new RegExp(`^Error: ${cut} is delegated to ns\\.elsewhere\\.test by NS records`),
      );
      await dns.write([cut, "NS"]);
    }
  });

  Deno.test(`${what}: a user's records follow the wildcard's, whatever they become`, async () => {
    await using dns = await start();
    await using folder = temporaryFolder();
    const store = storeIn(folder.path);
    const keeper = new NameKeeper({
      baseDomain: BASE,
      dns: dns.provider(),
      inTurn: createDnsTurn(`${folder.path}/dns.lock`),
      store: store.names,
      claimed: () => Promise.resolve([KAYLEE]),
      isClaimed: (name) => Promise.resolve(name === KAYLEE),
      lookEveryMs: 50,
    });
    try {
      await dns.write([`_acme-challenge.${KAYLEE}`, "TXT", '"left by a crash"']);
      keeper.start();
      for (const sets of CHANGES) {
        await dns.write(...sets);
        const wanted = (await dns.standsAt(`*.${BASE}`)).map((record) =>
          record.replace("*", "kaylee")
        );
        const present = async (): Promise<string[]> =>
          (await dns.standsAt(KAYLEE)).filter((record) => !record.startsWith("_acme-challenge."));
        await until(
          async () => JSON.stringify(await present()) === JSON.stringify(wanted),
          `${KAYLEE} has ${wanted.join(", ")}`,
        );
      }
    } finally {
      await keeper.stop();
      await store.close();
    }
  });
}
