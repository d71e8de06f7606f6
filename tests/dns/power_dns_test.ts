import assert from "node:assert/strict";
import { openChallengeJournal } from "../../lib/dns/challenge_journal.ts";
import { findChallengePlace } from "../../lib/dns/challenge_place.ts";
import { createChallengeWriter } from "../../lib/dns/challenge_writer.ts";
import { createDnsTurn } from "../../lib/dns/turn.ts";
import { createPowerDns, type PdnsZone, type PowerDns } from "../../lib/dns/power_dns.ts";
import { selfSignedIdentity } from "../../lib/pki/self_signed.ts";
import { type DnsZone, isEmpty, type RecordSet } from "../../lib/dns/provider.ts";
import { freePort } from "../../scripts/ports.ts";
import { endless } from "../acme/hostile_server.ts";
import { temporaryFolder } from "../certificate/helpers.ts";

/** A zone as the API has it. */
const API_ZONE = { name: "glosson.test.", id: "glosson.test.", kind: "Native", serial: 1 };

const ZONE: PdnsZone = { ...API_ZONE, name: "glosson.test" };

/** A web server in the place of PowerDNS, that answers as told. */
function fakeApi(answer: (request: Request) => Response | Promise<Response>): {
  dns: PowerDns;
  requests: string[];
  /** What was told of requests that are made again. */
  told: string[];
} & AsyncDisposable {
  const requests: string[] = [];
  const told: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname, search } = new URL(request.url);
    requests.push(`${request.method} ${pathname}${search}`);
    return answer(request);
  });
  const dns = createPowerDns({
    apiUrl: `http://127.0.0.1:${server.addr.port}/`,
    apiKey: "key",
    random: () => 0,
    onRetry: (why) => told.push(why),
  });
  return { dns, requests, told, [Symbol.asyncDispose]: () => server.shutdown() };
}

Deno.test("findZone() finds the longest match that the server holds", async () => {
  await using api = fakeApi((request) => {
    const zone = new URL(request.url).searchParams.get("zone");
    return Response.json(zone === "example.test." ? [{ ...API_ZONE, name: zone, id: zone }] : []);
  });
  const zone = await api.dns.findZone("_acme-challenge.kaylee.glosson.example.test");
  assert.equal(zone.name, "example.test");
  assert.equal(api.requests.length, 4);
  await assert.rejects(
    api.dns.findZone("a.other.test"),
    /holds no zone for a\.other\.test: create one there .*pdnsutil create-zone other\.test/,
  );
});

Deno.test("findZone() refuses each kind of zone that is copied from another server", async () => {
  for (const kind of ["Slave", "Secondary", "Consumer"]) {
    await using api = fakeApi(() => Response.json([{ ...API_ZONE, kind }]));
    await assert.rejects(
      api.dns.findZone("glosson.test"),
      new RegExp(
        `is a secondary of zone glosson\\.test \\(kind ${kind}\\), where changes are lost`,
      ),
    );
  }
});

Deno.test("createPowerDns() tries again what passes, and nothing else", async () => {
  let left = 4;
  await using api = fakeApi(() => {
    if (left-- === 0) return Response.json([API_ZONE]);
    const error = left === 0 ? "no more of it" : "database is locked";
    return Response.json({ error }, { status: 500 });
  });
  assert.equal((await api.dns.findZone("glosson.test")).id, ZONE.id);
  assert.equal(api.requests.length, 5);
  // A database that is locked for a minute is one line.
  assert.deepEqual(api.told.map((why) => /status 500: (.*);/.exec(why)?.[1]), [
    "database is locked",
    "no more of it",
  ]);
});

const REFUSALS: [what: string, status: number, body: string, message: RegExp][] = [
  ["a wrong key", 401, "Unauthorized", /refuses the API key: set POWERDNS_API_KEY/],
  ["a wrong server name", 404, "Not Found", /no server "localhost".*GLOSSOND_PDNS_SERVER_ID/],
  [
    "a refused change",
    422,
    '{"error": "RRset x IN TXT: Conflicts with pre-existing RRset"}',
    /refuses the change: RRset x IN TXT: Conflicts/,
  ],
  ["a page of something else", 200, "<html>", /does not answer like PowerDNS/],
  ["null", 200, "null", /does not answer like PowerDNS: check GLOSSOND_PDNS_API_URL/],
  ["zones of another shape", 200, '[{"name":7}]', /does not answer like PowerDNS: check/],
  ["an object for a list", 200, '{"error":"x"}', /does not answer like PowerDNS: check/],
  ["a refusal of no words", 422, '{"error":{"toString":1}}', /refuses the change: status 422/],
  [
    "a novel",
    422,
    JSON.stringify({ error: "x".repeat(1e6) }),
    /^.{40,80}: x{500}; look at the zone/,
  ],
  ["a redirect", 302, "", /does not answer like PowerDNS \(status 302\)/],
];

for (const [what, status, body, message] of REFUSALS) {
  Deno.test(`createPowerDns() explains ${what} at once`, async () => {
    await using api = fakeApi(() => new Response(body, { status }));
    await assert.rejects(api.dns.findZone("glosson.test"), message);
    assert.equal(api.requests.length, 1);
  });
}

Deno.test("createPowerDns() takes no more of an answer without an end than 64 MiB", async () => {
  const body = endless(1 << 20);
  await using api = fakeApi(body.response);
  await assert.rejects(
    api.dns.findZone("glosson.test"),
    /^Error: The answer of http:\S+ is longer than 65536 KiB: give the relay's domain a zone/,
  );
  assert.ok(body.taken() < 100 << 20, `${body.taken()} bytes went out`);
  assert.equal(api.requests.length, 1);
});

Deno.test("createPowerDns() refuses a zone whose records have no shape", async () => {
  const set = {
    name: "a.",
    type: "A",
    ttl: 1,
    records: [{ content: "192.0.2.1", disabled: false }],
  };
  const odd = [
    ...[7, null, { ...set, name: 7 }, { ...set, type: null }, { ...set, ttl: "1" }],
    ...[{ name: "a.", type: "A", ttl: 1 }, { ...set, records: [null] }],
    ...[{ ...set, records: [{ content: "192.0.2.1" }] }, { ...set, records: [{ disabled: true }] }],
  ];
  for (const rrsets of [7, null, ...odd.map((each) => [set, each])]) {
    await using api = fakeApi(() => Response.json({ rrsets }));
    await assert.rejects(api.dns.readZone(ZONE), /does not answer like PowerDNS: check/);
  }
});

Deno.test("createPowerDns() explains a server that is not there at once", async () => {
  const dns = createPowerDns({ apiUrl: `http://127.0.0.1:${freePort()}`, apiKey: "key" });
  await assert.rejects(
    dns.findZone("glosson.test"),
    /Cannot reach the PowerDNS API at http:\/\/127\.0\.0\.1:\d+: connection refused; check that it runs/,
  );
});

Deno.test("notify() speaks to primary zones only", async () => {
  await using api = fakeApi(() => Response.json({ result: "Notification queued" }));
  await api.dns.notify(ZONE);
  assert.equal(api.requests.length, 0);
  for (const kind of ["Master", "Primary"]) {
    const zone: PdnsZone = { ...ZONE, kind };
    await api.dns.notify(zone);
  }
  assert.deepEqual(
    api.requests,
    Array(2).fill(
      "PUT /api/v1/servers/localhost/zones/glosson.test./notify",
    ),
  );
});

type ChallengeDns = Parameters<typeof createChallengeWriter>[0]["dns"];

/** A provider in memory, with hooks for what goes wrong. */
class MemoryDns implements ChallengeDns {
  readonly label = "memory";
  sets = new Map<string, RecordSet>();
  writing = 0;
  failures: Error[] = [];
  /** Called after each write. */
  afterWrite = (): void => {};

  findZone(): Promise<DnsZone> {
    return Promise.resolve(ZONE);
  }
  read(_: DnsZone, name: string, type: string): Promise<RecordSet> {
    const found = this.sets.get(name);
    return Promise.resolve(
      found?.type === type ? structuredClone(found) : { name, type, ttl: 0, values: [] },
    );
  }
  async replace(_: DnsZone, [set]: RecordSet[]): Promise<void> {
    assert.equal(++this.writing, 1, "two writes at once");
    await new Promise((resolve) => setTimeout(resolve, 1));
    this.writing--;
    const failure = this.failures.shift();
    if (failure) throw failure;
    if (isEmpty(set!)) this.sets.delete(set!.name);
    else this.sets.set(set!.name, set!);
    this.afterWrite();
  }
  notify(): Promise<void> {
    return Promise.resolve();
  }
  values(name: string): readonly string[] {
    return this.sets.get(name)?.values ?? [];
  }
}

const NAME = "_acme-challenge.glosson.test";

async function writerBench(folder: string) {
  const dns = new MemoryDns();
  const journal = await openChallengeJournal(`${folder}/journal`);
  const writer = createChallengeWriter({
    dns,
    journal,
    inTurn: createDnsTurn(`${folder}/dns.lock`),
  });
  return { dns, journal, writer };
}

Deno.test("createChallengeWriter() leaves others' values alone, one write after another", async () => {
  await using folder = temporaryFolder();
  const { dns, journal, writer } = await writerBench(folder.path);
  const foreign = {
    ttl: 300,
    values: ['"somebody else\'s"'],
    disabled: ['"part one" "part two"'],
  };
  dns.sets.set(NAME, { name: NAME, type: "TXT", ...foreign });
  await Promise.all(["a", "b", "c", "d"].map((value) => writer.add(NAME, [value, value + "2"])));
  assert.equal(dns.values(NAME).length, 9);
  assert.equal(dns.sets.get(NAME)?.ttl, 60);
  await Promise.all(["a", "b", "c", "d"].map((value) => writer.remove(NAME, [value, value + "2"])));
  const { ttl, values, disabled } = dns.sets.get(NAME)!;
  assert.deepEqual({ ttl, values, disabled }, foreign);
  await writer.remove(NAME, ["a"]);
  // What a person sets meanwhile stays.
  await writer.add(NAME, ["a"]);
  dns.sets.get(NAME)!.ttl = 30;
  await writer.remove(NAME, ["a"]);
  assert.equal(dns.sets.get(NAME)?.ttl, 30);
  await journal.close();
});

Deno.test("createChallengeWriter() writes again what another writer has wiped", async () => {
  await using folder = temporaryFolder();
  const { dns, journal, writer } = await writerBench(folder.path);
  let wipes = 3;
  dns.afterWrite = () => {
    if (wipes-- > 0) dns.sets.clear();
  };
  await writer.add(NAME, ["a"]);
  assert.deepEqual(dns.values(NAME), ['"a"']);
  wipes = Infinity;
  await assert.rejects(writer.add(NAME, ["b"]), /something else overwrites them/);
  await journal.close();
});

Deno.test("createChallengeWriter() makes up later for a removal that failed", async () => {
  await using folder = temporaryFolder();
  const { dns, journal, writer } = await writerBench(folder.path);
  await writer.add(NAME, ["a"]);
  dns.failures.push(new Error("backend gone"));
  await assert.rejects(writer.remove(NAME, ["a"]), /backend gone/);
  await writer.add("_acme-challenge.kaylee.glosson.test", ["b"]);
  assert.deepEqual(dns.values(NAME), []);
  await journal.close();
});

Deno.test("createChallengeWriter() makes up later for a removal that had no turn", async () => {
  await using folder = temporaryFolder();
  const dns = new MemoryDns();
  const journal = await openChallengeJournal(`${folder.path}/journal`);
  let away: Error | undefined;
  const writer = createChallengeWriter({
    ...{ dns, journal },
    inTurn: (action) => away === undefined ? action() : Promise.reject(away),
  });
  await writer.add(NAME, ["a", "b"]);
  away = new Error("the database is away");
  await assert.rejects(writer.remove(NAME, ["a", "b"]), /database is away/);
  await assert.rejects(writer.recover(), /database is away/);
  away = undefined;
  // An order that goes on has the value that it had.
  await writer.add(NAME, ["b"]);
  assert.equal(await writer.recover(), 0);
  assert.deepEqual(dns.values(NAME), ['"b"']);
  await writer.remove(NAME, ["b"]);
  assert.deepEqual(dns.values(NAME), []);
  await journal.close();
});

Deno.test("createChallengeWriter() removes what it can where something else cannot be", async () => {
  await using folder = temporaryFolder();
  const { dns, journal, writer } = await writerBench(folder.path);
  const other = "_acme-challenge.kaylee.glosson.test";
  await writer.add(NAME, ["a"]);
  await writer.add(other, ["b"]);
  dns.failures.push(new Error("backend gone"));
  await assert.rejects(writer.remove(NAME, ["a"]), /backend gone/);
  dns.failures.push(new Error("backend gone"));
  await assert.rejects(writer.remove(other, ["b"]), /backend gone/);
  const dead = await openChallengeJournal(`${folder.path}/journal`);
  const third = "_acme-challenge.zoe.glosson.test";
  const theirs = createChallengeWriter({ dns, journal: dead, inTurn: (action) => action() });
  await theirs.add(third, ["c"]);
  await dead.close();
  dns.failures.push(new Error("backend gone again"));
  await assert.rejects(writer.recover(), /backend gone again/);
  assert.deepEqual([NAME, other, third].map((name) => dns.values(name)), [['"a"'], [], []]);
  assert.equal(await writer.recover(), 1);
  assert.deepEqual(dns.values(NAME), []);
  await journal.close();
});

Deno.test("createChallengeWriter() removes a value where it was written, wherever a CNAME leads by then", async () => {
  await using folder = temporaryFolder();
  const { dns, journal, writer } = await writerBench(folder.path);
  const alias = (target: string): void =>
    void dns.sets.set(NAME, { name: NAME, type: "CNAME", ttl: 60, values: [target] });
  alias("One.Other.Test.");
  assert.equal((await writer.add(NAME, ["a"])).name, "one.other.test");
  alias("two.other.test.");
  assert.equal((await writer.add(NAME, ["b"])).name, "two.other.test");
  assert.deepEqual([dns.values("one.other.test"), dns.values("two.other.test")], [['"a"'], [
    '"b"',
  ]]);
  dns.failures.push(new Error("backend gone"));
  await assert.rejects(writer.remove(NAME, ["a"]), /backend gone/);
  dns.sets.delete(NAME);
  await writer.add(NAME, ["c"]);
  await writer.remove(NAME, ["b", "c", "never written"]);
  assert.deepEqual([...dns.sets.keys()], []);
  await journal.close();
});

Deno.test("findChallengePlace() tells CNAME records that lead to no end", async () => {
  const dns = new MemoryDns();
  for (const [from, to] of [["a.test", "b.test"], ["b.test", "c.test"], ["c.test", "a.test"]]) {
    dns.sets.set(from!, { name: from!, type: "CNAME", ttl: 60, values: [`${to}.`] });
  }
  await assert.rejects(
    findChallengePlace(dns, "a.test"),
    /from a\.test lead to no end \(a\.test, b\.test, c\.test, a\.test\): remove one of them/,
  );
});

Deno.test("findChallengePlace() names the servers that a challenge is delegated to", async () => {
  for (const cut of ["_acme-challenge.kaylee.glosson.test", "kaylee.glosson.test"]) {
    const dns = new MemoryDns();
    dns.sets.set(cut, { name: cut, type: "NS", ttl: 60, values: ["NS1.Elsewhere.test."] });
    await assert.rejects(
      findChallengePlace(dns, "_acme-challenge.kaylee.glosson.test"),
      {
        message:
          `${cut} is delegated to ns1.elsewhere.test by NS records in zone glosson.test, so ` +
          "a challenge that memory holds at _acme-challenge.kaylee.glosson.test is seen by nobody: " +
          `remove those records, or hold a zone ${cut} there`,
      },
    );
  }
});

Deno.test("openChallengeJournal() recovers what a dead process left, and nothing of living ones", async () => {
  await using folder = temporaryFolder();
  const path = `${folder.path}/journal`;
  const living = await openChallengeJournal(path);
  await living.added([{ name: NAME, value: "living" }]);
  await Deno.writeTextFile(
    `${path}/dead.log`,
    `+ ${NAME} one\n+ ${NAME} two\n- ${NAME} one\n+ ${NAME} thr`,
  );
  const mine = await openChallengeJournal(path);
  await assert.rejects(mine.recover(() => Promise.reject(new Error("no DNS"))), /no DNS/);
  const seen: string[] = [];
  const clean = (values: { value: string }[]): Promise<void> => {
    seen.push(...values.map(({ value }) => value));
    return Promise.resolve();
  };
  await mine.recover(clean);
  await mine.recover(clean);
  assert.deepEqual(seen, ["two"]);
  // One that ends with values left is dead from then on.
  await living.close();
  await mine.recover(clean);
  assert.deepEqual(seen, ["two", "living"]);
  await mine.close();
  assert.deepEqual([...Deno.readDirSync(path)].map(({ name }) => name), ["lock"]);
});

Deno.test("createPowerDns() says how an authority of one's own is trusted", async () => {
  const { cert, key } = await selfSignedIdentity(["localhost"], Date.now());
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, cert, key, onListen() {} },
    () => new Response("[]"),
  );
  const apiUrl = `https://localhost:${server.addr.port}`;
  await assert.rejects(
    createPowerDns({ apiUrl, apiKey: "key", retryForMs: 0 }).findZone("glosson.test"),
    /unknown authority; have this machine trust that .*DENO_TLS_CA_STORE=system/,
  );
  await server.shutdown();
});
