import assert from "node:assert/strict";
import { lookWhereItPoints, type ServerQueries } from "../../lib/dns/pointing.ts";
import { type Authoritative, startAuthoritative } from "./authoritative.ts";

/** Nobody knows of any zone. */
const NO_ZONES: ServerQueries = {
  nameServers: () => Promise.reject(new Deno.errors.NotFound()),
  addresses: () => Promise.resolve([]),
};

const at = ({ port }: Authoritative) => ({ host: "127.0.0.1", port });

Deno.test("lookWhereItPoints() tells what each server has, in one form, and no chain's end", async () => {
  await using one = await startAuthoritative();
  await using other = await startAuthoritative();
  one.records.set("CNAME blog.example.org", ["KAYLEE.Glosson.Test."]);
  one.records.set("CNAME kaylee.glosson.test", ["elsewhere.test"]);
  one.records.set("TXT _glosson.blog.example.org", [
    "zoe.glosson.test",
    "v=spf1 -all",
    '"Inara.glosson.test."',
  ]);
  const look = await lookWhereItPoints("blog.example.org", {
    servers: [at(one), at(other)],
    queries: NO_ZONES,
  });
  assert.deepEqual(look, {
    answers: [
      ["kaylee.glosson.test", "zoe.glosson.test", "v=spf1 -all", "inara.glosson.test"],
      [],
    ],
    silent: [],
  });
  assert.deepEqual(one.asked, ["CNAME blog.example.org", "TXT _glosson.blog.example.org"]);
});

Deno.test("lookWhereItPoints() asks a server that answers one question on each connection", async () => {
  await using dns = await startAuthoritative();
  dns.endsConnections = true;
  dns.records.set("TXT _glosson.blog.example.org", ["kaylee.glosson.test"]);
  const look = await lookWhereItPoints("blog.example.org", {
    servers: [at(dns)],
    queries: NO_ZONES,
  });
  assert.deepEqual(look, { answers: [["kaylee.glosson.test"]], silent: [] });
});

Deno.test("lookWhereItPoints() takes nothing from who is not the one to say it", async () => {
  await using dns = await startAuthoritative();
  dns.records.set("CNAME blog.example.org", ["kaylee.glosson.test"]);
  const faults: [Authoritative["fault"], RegExp][] = [
    ["not authoritative", /not the one to say it \(NOERROR\)/],
    ["refused", /not the one to say it \(REFUSED\)/],
    ["other id", /another query/],
    ["garbage", /127\.0\.0\.1:\d+: ./],
    // Anybody's server may be asked, and the time that reading takes grows with the square of its answer.
    ["long", /its answer is longer than 4096 bytes/],
  ];
  for (const [fault, why] of faults) {
    dns.fault = fault;
    const { answers, silent } = await lookWhereItPoints("blog.example.org", {
      servers: [at(dns)],
      queries: NO_ZONES,
    });
    assert.deepEqual(answers, [], fault);
    assert.match(silent.join(), why);
  }
});

Deno.test("lookWhereItPoints() asks the nearest zone's servers, none at a private address", async () => {
  await using dns = await startAuthoritative();
  dns.fault = "refused";
  const sought: string[] = [];
  const private4 = ["10.0.0.53", "127.0.0.2", "169.254.169.254", "::ffff:192.168.0.1", "fd00::53"];
  const queries: ServerQueries = {
    nameServers(zone) {
      sought.push(zone);
      const names = zone === "example.org" ? ["ns.evil.example.", "ns.own.example."] : [];
      return Promise.resolve(names);
    },
    addresses: (host) => Promise.resolve(host.startsWith("ns.evil") ? private4 : ["127.0.0.1"]),
  };
  const { answers, silent } = await lookWhereItPoints("blog.example.org", {
    servers: [at(dns)],
    queries,
  });
  assert.deepEqual(answers, []);
  assert.deepEqual(sought, ["blog.example.org", "example.org", "org"]);
  for (const address of private4) assert.ok(silent.includes(`${address} is no public address`));
  // One that the operator named is asked, at the port that they named.
  assert.equal(dns.asked.length, 2, "once of the settings, once as the zone's server");
});

Deno.test("lookWhereItPoints() ends when its time is up, however many zones and servers there are", async () => {
  await using dns = await startAuthoritative();
  dns.fault = "refused";
  const over = new AbortController();
  const sought: string[] = [];
  const { answers, silent } = await lookWhereItPoints("blog.example.org", {
    servers: [at(dns)],
    queries: {
      nameServers(zone) {
        sought.push(zone);
        dns.fault = "silent";
        over.abort(new DOMException("Signal timed out.", "TimeoutError"));
        return Promise.resolve(["ns.own.example."]);
      },
      addresses: () => Promise.resolve(["127.0.0.1"]),
    },
    signal: over.signal,
  });
  assert.deepEqual([answers, sought], [[], ["blog.example.org"]]);
  assert.match(
    silent.at(-1)!,
    /^Cannot reach the DNS server at 127\.0\.0\.1:\d+: .*(timed out|time)/,
  );
  assert.equal(dns.asked.length, 1, "nobody was asked after that");
});
