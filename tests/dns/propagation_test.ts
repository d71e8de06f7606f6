import assert from "node:assert/strict";
import {
  authoritativeServers,
  type DnsQueries,
  type NameServer,
} from "../../lib/dns/name_servers.ts";
import { waitForTxt } from "../../lib/dns/propagation.ts";

/** A name server whose addresses are labelled by it and themselves. */
function serverAt(label: string, ...addresses: string[]): NameServer {
  const single = addresses.length === 1;
  return {
    label,
    addresses: addresses.map((address) => ({
      label: single ? label : `${label} (${address})`,
      address,
      port: 53,
    })),
  };
}

const ZONE = { name: "glosson.test", serial: 1 };

const SERVERS = [serverAt("ns1", "192.0.2.1"), serverAt("ns2", "192.0.2.2")];

const PROVIDER = {
  label: "PowerDNS",
  serialFix: (zone: string) => `\`pdnsutil set-meta ${zone} SOA-EDIT-API DEFAULT\``,
};

function queries(overrides: Partial<DnsQueries>): DnsQueries {
  return {
    txt: () => Promise.resolve([]),
    serial: () => Promise.resolve(1),
    addresses: () => Promise.resolve([]),
    ...overrides,
  };
}

/** What holds a zone with those NS records. */
function zoneOf(...hosts: string[]): Parameters<typeof authoritativeServers>[0] {
  return {
    read(_, name, type) {
      assert.deepEqual([name, type], [ZONE.name, "NS"]);
      return Promise.resolve({ name, type, ttl: 300, values: hosts });
    },
  };
}

Deno.test("authoritativeServers() takes the configured ones, else the zone's", async () => {
  assert.deepEqual(
    (await authoritativeServers(zoneOf(), ZONE, [
      { host: "192.0.2.2", port: 5353 },
      { host: "2001:db8::1", port: 54 },
    ]))
      .map(({ label, addresses }) => [
        label,
        addresses.map(({ address, port }) => [address, port]),
      ]),
    [["192.0.2.2:5353", [["192.0.2.2", 5353]]], ["[2001:db8::1]:54", [["2001:db8::1", 54]]]],
  );
  const named = await authoritativeServers(
    zoneOf(),
    ZONE,
    [{ host: "ns.test", port: 5353 }],
    queries({ addresses: () => Promise.resolve(["192.0.2.3", "2001:db8::3"]) }),
  );
  assert.deepEqual(named[0]?.addresses.map(({ address, port }) => [address, port]), [
    ["192.0.2.3", 5353],
    ["2001:db8::3", 5353],
  ]);
  const found = await authoritativeServers(
    zoneOf("NS1.test.", "ns2.test.", "ns3.test."),
    ZONE,
    [],
    queries({
      addresses: (host) =>
        Promise.resolve(
          { "ns1.test": ["192.0.2.1", "2001:db8::1"], "ns2.test": ["192.0.2.2"] }[host] ?? [],
        ),
    }),
  );
  assert.deepEqual(found.map(({ label }) => label), [
    "ns1.test (192.0.2.1, 2001:db8::1)",
    "ns2.test (192.0.2.2)",
    "ns3.test (of no address)",
  ]);
});

Deno.test("authoritativeServers() says what is missing", async () => {
  await assert.rejects(
    authoritativeServers(zoneOf(), ZONE, [], queries({})),
    /^Error: Zone glosson\.test has no name servers: check its NS records, or .*GLOSSOND_DNS_SERVERS/,
  );
  await assert.rejects(
    authoritativeServers(zoneOf("ns1.test."), ZONE, [], queries({})),
    /address of ns1\.test, a name server of glosson\.test, by this machine's resolver .*: check/,
  );
  await assert.rejects(
    authoritativeServers(zoneOf("ns1.test.", "ns2.test."), ZONE, [], queries({})),
    /address of ns1\.test, ns2\.test, name servers of glosson\.test, by this .*: check/,
  );
});

Deno.test("waitForTxt() waits for the last server, and for every value", async () => {
  let rounds = 0;
  await waitForTxt("x.glosson.test", ["a", "b"], {
    zone: "glosson.test",
    servers: SERVERS,
    provider: PROVIDER,
    queries: queries({
      txt(_, { label }): Promise<string[]> {
        if (label === "ns1") return Promise.resolve(["b", "other", "a"]);
        rounds++;
        if (rounds === 1) return Promise.reject(new Deno.errors.NotFound("NXDOMAIN"));
        return Promise.resolve(rounds < 4 ? ["a"] : ["a", "b"]);
      },
    }),
  });
  assert.equal(rounds, 4);
});

const LAGS: [what: string, serial: DnsQueries["serial"], message: RegExp][] = [
  [
    "is down",
    () => Promise.reject(new Error("timed out")),
    /ns1 does not answer for .*check that it runs/,
  ],
  [
    "has an old zone",
    (_, { label }) => Promise.resolve(label === "ns1" ? 5 : 7),
    /ns1 has serial 5 of glosson\.test and PowerDNS 7: check its zone transfers and NOTIFY/,
  ],
  [
    "has the zone but not the value",
    () => Promise.resolve(7),
    /ns1 has serial 7 .*check that changes raise the serial \(`pdnsutil set-meta glosson\.test SOA-EDIT-API DEFAULT`\)/,
  ],
];

for (const [what, serial, message] of LAGS) {
  Deno.test(`waitForTxt() names the server that ${what}`, async () => {
    await assert.rejects(
      waitForTxt("x.glosson.test", ["a"], {
        zone: "glosson.test",
        servers: SERVERS,
        provider: PROVIDER,
        serial: 7,
        timeoutMs: 150,
        queries: queries({
          txt: (_, { label }) => Promise.resolve(label === "ns1" ? [] : ["a"]),
          serial,
        }),
      }),
      message,
    );
  });
}

/** What a name server's two addresses answer, and whether that will do. */
const FAMILIES: [v4: string, v6: string, enough: boolean][] = [
  ["has", "has", true],
  ["unreachable", "has", true],
  ["has", "unreachable", true],
  ["swallowed", "has", true],
  ["lacks", "has", false],
  ["has", "lacks", false],
  ["has", "none", false],
  ["unreachable", "lacks", false],
  ["unreachable", "unreachable", false],
  ["refuses", "has", true],
  ["has", "refuses", true],
  ["refuses", "lacks", false],
  ["refuses", "refuses", false],
];

for (const [v4, v6, enough] of FAMILIES) {
  Deno.test(`waitForTxt() ${enough ? "is content" : "waits"} where IPv4 ${v4} and IPv6 ${v6}`, async () => {
    const waiting = waitForTxt("x.glosson.test", ["a"], {
      zone: "glosson.test",
      servers: [serverAt("ns1", "192.0.2.1", "2001:db8::1")],
      provider: PROVIDER,
      timeoutMs: 150,
      queries: queries({
        txt(_, { address }, signal): Promise<string[]> {
          switch (address.includes(":") ? v6 : v4) {
            case "has":
              return Promise.resolve(["a"]);
            case "lacks":
              return Promise.resolve([]);
            case "none":
            case "refuses":
              return Promise.reject(new Deno.errors.NotFound("NXDOMAIN"));
            case "swallowed":
              return new Promise((_, reject) =>
                signal.addEventListener("abort", () => reject(signal.reason))
              );
            default:
              return Promise.reject(new Error("Network is unreachable"));
          }
        },
        serial: (_, { address }) =>
          ["unreachable", "refuses"].includes(address.includes(":") ? v6 : v4)
            ? Promise.reject(new Error("Network is unreachable"))
            : Promise.resolve(1),
      }),
    });
    if (enough) return void assert.deepEqual(await waiting, []);
    await assert.rejects(
      waiting,
      v4 === v6 ? /ns1 does not answer for .*reached from here/ : /ns1 \(\S+\) has serial 1 of/,
    );
  });
}

Deno.test("waitForTxt() passes over a server that does not answer, and over none that lags", async () => {
  const ns3 = { label: "ns3 (of no address)", addresses: [] };
  const wait = (ns2: () => Promise<string[]>) =>
    waitForTxt("x.glosson.test", ["a"], {
      zone: "glosson.test",
      servers: [...SERVERS, ns3],
      provider: PROVIDER,
      timeoutMs: 400,
      queries: queries({
        txt: (_, { label }) => label === "ns1" ? Promise.resolve(["a"]) : ns2(),
      }),
    });
  const silent = await wait(() => Promise.reject(new Error("timed out")));
  assert.deepEqual(silent.map(({ label }) => label), ["ns2", ns3.label]);
  await assert.rejects(
    wait(() => Promise.resolve([])),
    /ns2 has serial 1 .*; ns3 \(of no address\) does not answer/,
  );
  let answers = 0;
  // One answer got lost: the authority may get the next.
  await assert.rejects(
    wait(() => answers++ === 0 ? Promise.resolve([]) : Promise.reject(new Error("timed out"))),
    /ns2 has serial 1 /,
  );
});

Deno.test("waitForTxt() ends with its signal", async () => {
  const stop = new AbortController();
  const waiting = waitForTxt("x.glosson.test", ["a"], {
    zone: "glosson.test",
    servers: SERVERS,
    provider: PROVIDER,
    queries: queries({}),
    signal: stop.signal,
  });
  stop.abort(new Error("stopping"));
  await assert.rejects(waiting, /stopping/);
});
