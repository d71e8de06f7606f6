import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import type { RecordSet } from "../../lib/dns/provider.ts";
import { readAnswer } from "../../lib/dns/rfc2136/message.ts";
import { freePort } from "../../scripts/ports.ts";
import { KEY, startFakePrimary, type Told } from "./fake_primary.ts";

const ZONE = { name: "glosson.test", serial: 7 };
const NAME = `kaylee.${ZONE.name}`;

/** The zone's SOA record. */
function soa(serial = ZONE.serial, name = ZONE.name) {
  return { name, type: "SOA", ttl: 60, data: { mname: "ns1.test", rname: "root.test", serial } };
}

Deno.test("findZone() finds the longest match that the primary holds", async () => {
  await using primary = startFakePrimary(({ name }) => [
    name === `_acme-challenge.${NAME}`
      // Said by a resolver, who holds nothing.
      ? { answers: [soa(1, name)], authoritative: false }
      : name === NAME
      // Of the zone above, in another section or another place.
      ? { answers: [soa()] }
      : name === `one.${NAME}`
      // A wildcard's alias to itself, as bind9 answers.
      ? { rcode: 2, answers: [{ name, type: "CNAME", ttl: 60, data: name }] }
      : name === ZONE.name
      ? { answers: [soa(9, "GLOSSON.Test")] }
      : { rcode: 3 },
  ]);
  const zone = await primary.client().findZone(`one.${NAME}`);
  assert.deepEqual(zone, { name: ZONE.name, serial: 9 });
  assert.equal(primary.asked.length, 3);
  assert.deepEqual(await primary.client().findZone(`_acme-challenge.${NAME}`), zone);
  await assert.rejects(
    primary.client().findZone("a.other.test"),
    (error: Error) =>
      error.name === "NoZoneError" &&
      /127\.0\.0\.1:\d+ holds no zone for a\.other\.test: create one there, or set GLOSSOND_RFC2136_SERVER/
        .test(error.message),
  );
});

Deno.test("findZone() goes on where a server refuses a name without a signature, as knot does", async () => {
  await using primary = startFakePrimary(({ name }) => [
    name === ZONE.name ? { answers: [soa()] } : { rcode: 5, unsigned: true },
  ]);
  assert.equal((await primary.client().findZone(NAME)).name, ZONE.name);
});

Deno.test("read() tells what stands at a name, in whatever case, and not what a wildcard answers", async () => {
  const values = [Buffer.from("one"), Buffer.from("two")];
  await using primary = startFakePrimary(({ opcode, name, prerequisites }) => {
    if (opcode === "update") {
      const [{ name: at, type, class: klass, rdata } = {}] = prerequisites;
      assert.deepEqual([type, klass, rdata.length], [16, 255, 0]);
      return [{ rcode: at === NAME ? 0 : 8 }];
    }
    // A wildcard's CNAME answers to every question, for all names.
    const alias = { name, type: "CNAME", ttl: 5, data: "relay.example" };
    const own = { name: NAME.toUpperCase(), type: "TXT", ttl: 9, data: values };
    return [{ answers: name === NAME ? [own, { ...own, data: ["three"] }, alias] : [alias] }];
  });
  const dns = primary.client();
  assert.deepEqual(await dns.read(ZONE, NAME, "TXT"), {
    name: NAME,
    type: "TXT",
    ttl: 9,
    values: ['"one" "two"', '"three"'],
  });
  const nothing = { name: `river.${ZONE.name}`, type: "TXT", ttl: 0, values: [] };
  assert.deepEqual(await dns.read(ZONE, nothing.name, "TXT"), nothing);
});

Deno.test("readName() has every set of the name, and reads the zone anew when its serial rises", async () => {
  let serial = 1;
  const a = { name: NAME, type: "A", ttl: 60, data: "192.0.2.1" };
  await using primary = startFakePrimary(({ type }) => {
    if (type === "SOA") return [{ answers: [soa(serial)] }];
    return [
      { answers: [soa(serial), a] },
      { answers: [{ ...a, type: "AAAA", data: "2001:db8::1" }], unsigned: true },
      { answers: [{ ...a, type: "UNKNOWN_46", data: Buffer.alloc(30) }] }, // RRSIG
      { answers: [{ ...a, data: "192.0.2.2" }, { ...a, name: "other.glosson.test" }, soa(serial)] },
    ];
  });
  const dns = primary.client();
  const sets = [
    { name: NAME, type: "A", ttl: 60, values: ["192.0.2.1", "192.0.2.2"] },
    { name: NAME, type: "AAAA", ttl: 60, values: ["2001:db8::1"] },
  ];
  for (const [risen, transfers] of [[0, 1], [0, 1], [1, 2]] as const) {
    serial += risen;
    assert.deepEqual(await dns.readName(ZONE, NAME), sets);
    assert.equal(primary.asked.filter(({ type }) => type === "AXFR").length, transfers);
  }
});

Deno.test("replace() deletes each set and adds it anew, in one message", async () => {
  await using primary = startFakePrimary(() => [{}]);
  const set = (type: string, ...values: string[]): RecordSet => ({
    name: NAME,
    type,
    ttl: 60,
    values,
  });
  await primary.client().replace(ZONE, [
    set("CNAME"),
    set("A", "192.0.2.1", "192.0.2.2"),
    set("HTTPS", "\\# 10 00010000010003026832"),
  ]);
  const [{ name, type, updates } = assert.fail()] = primary.asked;
  assert.deepEqual([name, type], [ZONE.name, "SOA"]);
  assert.deepEqual(
    updates.map(({ name, type, class: klass, ttl, rdata }) => {
      assert.equal(name, NAME);
      return [type, klass, ttl, rdata.toString("hex")].join(" ");
    }),
    [
      ...["5 255 0 ", "1 255 0 ", "1 1 60 c0000201", "1 1 60 c0000202"],
      ...["65 255 0 ", "65 1 60 00010000010003026832"],
    ],
  );
});

Deno.test("replace() makes several messages of many names, and of one name never", async () => {
  await using primary = startFakePrimary(() => [{}]);
  const long = `"${"x".repeat(255)}"`;
  const sets = Array.from({ length: 600 }, (_, i): RecordSet => ({
    name: `user${i >> 1}.${ZONE.name}`,
    type: i % 2 ? "TXT" : "A",
    ttl: 60,
    values: i % 2 ? [long, long] : ["192.0.2.1"],
  }));
  await primary.client().replace(ZONE, sets);
  const names = primary.asked.map(({ updates }) => updates.map(({ name }) => name));
  assert.ok(names.length > 1 && names.length < 10, `${names.length}`);
  assert.equal(names.flat().length, 300 * 2 + 300 * 3);
  const seen = names.map((each) => [...new Set(each)]);
  assert.equal(seen.flat().length, 300);
  const values = Array(300).fill(long);
  await assert.rejects(
    primary.client().replace(ZONE, [{ name: NAME, type: "TXT", ttl: 60, values }]),
    /Cannot write the records of kaylee\.glosson\.test: they take \d+ bytes, a DNS message has at most 65535/,
  );
});

Deno.test("createRfc2136() tries again what passes, and nothing else", async () => {
  let left = 2;
  await using primary = startFakePrimary(() => {
    left--;
    return left > 0 ? [{ rcode: 2 }] : left === 0 ? undefined : [{ answers: [soa()] }];
  });
  const why: string[] = [];
  const dns = primary.client({ retryForMs: 60_000, onRetry: (each) => why.push(each) });
  assert.equal((await dns.findZone(ZONE.name)).serial, 7);
  assert.match(
    why[0]!,
    /refuses to tell the serial of glosson\.test \(SERVFAIL\): look at its log/,
  );
  assert.match(why[1]!, /Cannot reach the DNS server at \S+: it closed the connection/);
  assert.equal(why.length, 2);
});

/** What goes wrong with an answer, and what is said about it. */
const FAULTS: [what: string, told: Told[] | undefined, message: RegExp][] = [
  ["of another id", [{ id: 1 }], /cannot be read: it is one to another request/],
  ["to another question", [{ question: { name: "a.test", type: "SOA" } }], /to another request/],
  ["that is truncated", [{ truncated: true }], /cannot be read: it is truncated/],
  ["of a few bytes", [{ after: (message) => message.subarray(0, 7) }], /header is cut short/],
  ["of no bytes", [{ after: () => Buffer.alloc(0) }], /header is cut short/],
  ["that ends within a record", [{ after: (message) => message.subarray(0, -9) }], /cut short/],
  [
    "with something behind it",
    [{ after: (message) => Buffer.concat([message, Buffer.alloc(3)]) }],
    /something follows its last record/,
  ],
  ["that is a request", [{ after: (message) => flip(message, 2, 0x80) }], /it is a request/],
  [
    "with more records than it has",
    [{ before: (message) => flip(message, 7, 0x7f) }],
    /cannot be read/,
  ],
  [
    "with a name that leads to itself",
    [{
      before: (message) =>
        Buffer.concat([message.subarray(0, 12), Buffer.from("c00c00060001", "hex")]),
    }],
    /cannot be read: .*pointer/,
  ],
  [
    "that nobody signed",
    [{ unsigned: true }],
    /answers NOERROR without a signature: check that it knows the key glossond/,
  ],
  [
    "that says unsigned that there is nothing",
    [{ unsigned: true, rcode: 3 }],
    /answers NXDOMAIN without a signature/,
  ],
  [
    "signed with another secret",
    [{ secret: btoa("another") }],
    /is not signed with the key glossond: check what stands between/,
  ],
  ["signed by another key", [{ keyName: "other" }], /is not signed with the key glossond/],
  [
    "changed on its way",
    [{ after: (message) => flip(message, 3, 0x01) }],
    /is not signed with the key/,
  ],
  [
    "signed an hour ago",
    [{ signedAtS: Math.floor(Date.now() / 1000) - 3600 }],
    /has a clock that is 3[56]\d\d s behind this machine's: let both keep time/,
  ],
  [
    "that finds our time wrong",
    [{ rcode: 9, error: 18, serverTimeS: Math.floor(Date.now() / 1000) + 1000 }],
    /has a clock that is \d+ s ahead of this machine's/,
  ],
  [
    "that knows no such key",
    [{ rcode: 9, error: 17 }],
    /knows no key glossond \(hmac-sha256\), .*GLOSSOND_RFC2136_KEY_NAME and GLOSSOND_RFC2136_KEY_ALGORITHM/,
  ],
  [
    "that finds our signature wrong",
    [{ rcode: 9, error: 16 }],
    /has another secret for the key glossond: put .* as RFC2136_KEY_SECRET/,
  ],
  ["that never comes", [], /no answer in time/],
  ["in place of which the connection ends", undefined, /it closed the connection/],
];

function flip(message: Buffer, at: number, bits: number): Buffer {
  const changed = Buffer.from(message);
  changed[at]! ^= bits;
  return changed;
}

for (const [what, told, message] of FAULTS) {
  Deno.test(`createRfc2136() believes no answer ${what}`, async () => {
    await using primary = startFakePrimary(() => told);
    const dns = primary.client({ timeoutMs: 300 });
    const said = await dns.findZone(ZONE.name).then(() => assert.fail(), (error) => error);
    assert.match(said.message, message);
    assert.match(said.message, /127\.0\.0\.1:\d+/);
    assert.ok(!Deno.inspect(said).includes(KEY.secret));
  });
}

/** What a server refuses, and what is said about it. */
const REFUSALS: [rcode: number, message: RegExp][] = [
  [
    5,
    /refuses a change of kaylee\S+ in glosson\.test \(REFUSED\): let the key glossond do that \(update-policy in named\.conf, acl in knot\.conf\)/,
  ],
  [9, /\(NOTAUTH\): let the key .*, and check that it is the primary of that zone/],
  [4, /\(NOTIMP\): it is no server for that/],
  [2, /\(SERVFAIL\): look at its log, and whether it can write the zone/],
  [10, /\(NOTZONE\): look at its log/],
  [15, /\(response code 15\): look at its log/],
];

for (const [rcode, message] of REFUSALS) {
  Deno.test(`replace() explains response code ${rcode}`, async () => {
    await using primary = startFakePrimary(() => [{ rcode }]);
    const set = { name: NAME, type: "TXT", ttl: 60, values: ['"x"'] };
    await assert.rejects(primary.client().replace(ZONE, [set]), message);
  });
}

Deno.test("createRfc2136() explains a server that is not there at once", async () => {
  await using primary = startFakePrimary(() => []);
  const server = { host: "127.0.0.1", port: freePort() };
  await assert.rejects(
    primary.client({ server, retryForMs: 60_000 }).findZone(ZONE.name),
    /Cannot reach the DNS server at 127\.0\.0\.1:\d+: connection refused; check that it runs \(GLOSSOND_RFC2136_SERVER\)/,
  );
});

/** Transfers that are none. */
const TRANSFERS: [what: string, told: Told[], message: RegExp][] = [
  ["that is refused", [{ rcode: 5 }], /refuses to hand out zone glosson\.test .*allow-transfer/],
  [
    "that begins with something else",
    [{ answers: [{ name: NAME, type: "A", data: "192.0.2.1" }] }],
    /does not begin with its SOA/,
  ],
  ["without a record", [{}], /does not begin with its SOA/],
  [
    "of a hundred messages without a signature",
    [{ answers: [soa()] }, ...Array(100).fill({ unsigned: true }), { answers: [soa()] }],
    /without a signature/,
  ],
  [
    "that ends unsigned",
    [{ answers: [soa()] }, { answers: [soa()], unsigned: true }],
    /without a signature/,
  ],
  [
    "with an address of three bytes",
    [{
      answers: [soa(), { name: NAME, type: "UNKNOWN_1", data: Buffer.from([192, 0, 2]) }, soa()],
    }],
    /cannot be read: a record of type A is of another length/,
  ],
];

for (const [what, told, message] of TRANSFERS) {
  Deno.test(`readZone() takes no transfer ${what}`, async () => {
    await using primary = startFakePrimary(({ type }) =>
      type === "SOA" ? [{ answers: [soa()] }] : told
    );
    await assert.rejects(primary.client().readZone(ZONE), message);
  });
}

Deno.test("readAnswer() throws, and does nothing else, whatever it is given", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 12, maxLength: 80 }), (bytes) => {
    try {
      readAnswer(Buffer.from(bytes));
    } catch (error) {
      assert.ok(error instanceof Error);
    }
  }));
});
