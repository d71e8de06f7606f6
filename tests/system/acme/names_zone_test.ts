import assert from "node:assert/strict";
import { createDnsTurn } from "../../../lib/dns/turn.ts";
import { NameKeeper } from "../../../lib/dns/name_keeper.ts";
import { createPowerDns } from "../../../lib/dns/power_dns.ts";
import { run } from "../../../scripts/run.ts";
import { recordedLog, temporaryFolder, until } from "../../certificate/helpers.ts";
import { storeIn } from "../../store/helpers.ts";
import { putTxt } from "./bench.ts";
import { startAcmeDaemon } from "./daemon.ts";
import { pollNames } from "./dns_poller.ts";
import { API_KEY, type PowerDnsOptions, startPowerDns } from "./servers.ts";
import { writeSets } from "./zone.ts";

const ZONE = "glosson.test";

/** A real PowerDNS and a keeper on it, for users who are told to it. */
async function keeperBench(
  { base = ZONE, ...options }: PowerDnsOptions & { base?: string } = {},
) {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(temporaryFolder());
  const dns = stack.use(await startPowerDns({ zones: [ZONE], ...options }));
  const store = storeIn(folder.path);
  stack.defer(() => store.close());
  const claimed = new Set<string>();
  const log = recordedLog();

  /** As a process that starts on this state. */
  function open(): NameKeeper {
    const keeper = new NameKeeper({
      baseDomain: base,
      dns: createPowerDns({ apiUrl: dns.apiUrl, apiKey: API_KEY }),
      inTurn: createDnsTurn(`${folder.path}/dns.lock`),
      store: store.names,
      claimed: () => Promise.resolve(claimed),
      isClaimed: (name) => Promise.resolve(claimed.has(name)),
      onNote: (note, fields) => log.info(note, fields),
      lookEveryMs: 50,
    });
    stack.defer(() => keeper.stop());
    return keeper;
  }

  /** The contents of a name's sets, by type. */
  async function sets(name: string): Promise<Record<string, string[]>> {
    const { rrsets } = await dns.api("GET", `/zones/${ZONE}.?rrset_name=${name}.`) as {
      rrsets: { type: string; records: { content: string }[] }[];
    };
    return Object.fromEntries(
      rrsets.map(({ type, records }) => [type, records.map(({ content }) => content).sort()])
        .sort(([a], [b]) => a! < b! ? -1 : 1),
    );
  }

  async function becomes(name: string, wanted: Record<string, string[]>): Promise<void> {
    await until(
      async () => JSON.stringify(await sets(name)) === JSON.stringify(wanted),
      `${name} has ${JSON.stringify(wanted)}`,
    );
  }

  return {
    dns,
    log,
    claimed,
    open,
    sets,
    becomes,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const [kaylee, river, inara] = ["kaylee", "river", "inara"].map((name) => `${name}.${ZONE}`) as [
  string,
  string,
  string,
];

Deno.test("names that exist are mended at the start, and follow the wildcard without a gap", async () => {
  await using it = await keeperBench();
  const { dns, claimed, becomes, sets } = it;
  await writeSets(dns, ZONE, [`*.${ZONE}`, "A", "127.0.0.9"], [`*.${ZONE}`, "AAAA", "::9"]);
  // Left by a crash of a relay that knew nothing of this: the name is away.
  await putTxt(dns, `_acme-challenge.${kaylee}`, ["left"]);
  for (const name of [kaylee, river]) claimed.add(name);
  const keeper = it.open();
  keeper.start();
  for (const name of claimed) await becomes(name, { A: ["127.0.0.9"], AAAA: ["::9"] });
  await using poller = pollNames(dns.dnsPort, [kaylee, river], 5);

  const changes: [[string, string, ...string[]][], Record<string, string[]>][] = [
    [[[`*.${ZONE}`, "A", "127.0.0.8", "127.0.0.7"]], {
      A: ["127.0.0.7", "127.0.0.8"],
      AAAA: ["::9"],
    }],
    [[[`*.${ZONE}`, "HTTPS", "1 . alpn=h2"]], {
      A: ["127.0.0.7", "127.0.0.8"],
      AAAA: ["::9"],
      HTTPS: ["1 . alpn=h2"],
    }],
    [[[`*.${ZONE}`, "HTTPS"], [`*.${ZONE}`, "AAAA", "::8"]], {
      A: ["127.0.0.7", "127.0.0.8"],
      AAAA: ["::8"],
    }],
    [
      [[`*.${ZONE}`, "A"], [`*.${ZONE}`, "AAAA"], [`*.${ZONE}`, "CNAME", `ns1.${ZONE}.`]],
      { CNAME: [`ns1.${ZONE}.`] },
    ],
    [
      [[`*.${ZONE}`, "CNAME"], [`*.${ZONE}`, "A", "127.0.0.9"], [`*.${ZONE}`, "AAAA", "::9"]],
      { A: ["127.0.0.9"], AAAA: ["::9"] },
    ],
  ];
  await writeSets(dns, ZONE, [`ns1.${ZONE}`, "A", "127.0.0.1"], [`ns1.${ZONE}`, "AAAA", "::1"]);
  for (const [sets, wanted] of changes) {
    await writeSets(dns, ZONE, ...sets);
    for (const name of claimed) await becomes(name, wanted);
  }
  await poller.stop();
  assert.deepEqual(poller.unanswered, []);

  // A process that is killed between two looks leaves nothing that the next cannot put right.
  await keeper.stop();
  await writeSets(dns, ZONE, [`*.${ZONE}`, "A", "127.0.0.6"]);
  claimed.delete(river);
  it.open().start();
  await becomes(kaylee, { A: ["127.0.0.6"], AAAA: ["::9"] });
  await becomes(river, {});
  assert.deepEqual(await sets(`*.${ZONE}`), { A: ["127.0.0.6"], AAAA: ["::9"] });
});

Deno.test("what the operator wrote for a name stays theirs", async () => {
  await using it = await keeperBench();
  const { dns, claimed, sets, log } = it;
  await writeSets(
    dns,
    ZONE,
    [`*.${ZONE}`, "CNAME", `ns1.${ZONE}.`],
    [kaylee, "A", "127.0.0.1"],
    [river, "TXT", '"site-verification"'],
  );
  for (const name of [kaylee, river, inara]) claimed.add(name);
  const keeper = it.open();
  await keeper.keep([...claimed]);
  assert.deepEqual(await sets(kaylee), { A: ["127.0.0.1"] });
  assert.deepEqual(await sets(river), { TXT: ['"site-verification"'] });
  assert.match(
    log.text(),
    /river\.glosson\.test has TXT records .* cannot have the wildcard's CNAME/,
  );
  assert.deepEqual(await sets(inara), { CNAME: [`ns1.${ZONE}.`] });
  assert.equal((await keeper.inspect(kaylee)).state, "differs");
  assert.equal((await keeper.inspect(inara)).state, "same");
  // Changed by hand: from then on it is the operator's.
  await writeSets(dns, ZONE, [inara, "CNAME", "elsewhere.example."]);
  claimed.clear();
  for (const name of [kaylee, river, inara]) await keeper.settle(name);
  assert.deepEqual(await sets(kaylee), { A: ["127.0.0.1"] });
  assert.deepEqual(await sets(inara), { CNAME: ["elsewhere.example."] });
});

Deno.test("a zone without a wildcard: each name keeps what it was given, and that is said once", async () => {
  await using it = await keeperBench();
  const { dns, claimed, sets, log } = it;
  await writeSets(dns, ZONE, [ZONE, "A", "127.0.0.9"], [kaylee, "A", "127.0.0.9"]);
  for (const name of [kaylee, river]) claimed.add(name);
  await using poller = pollNames(dns.dnsPort, [kaylee], 5);
  const keeper = it.open();
  keeper.start();
  await keeper.keep([...claimed]);
  await putTxt(dns, `_acme-challenge.${kaylee}`, ["challenge"]);
  await until(() => poller.answered > 20, "answers");
  await poller.stop();
  assert.deepEqual(poller.unanswered.filter((what) => !what.startsWith("AAAA")), []);
  assert.deepEqual([await sets(kaylee), await sets(river)], [{ A: ["127.0.0.9"] }, {}]);
  await until(() => log.lines.length > 0, "a note");
  assert.equal(log.lines.length, 1, log.text());
  assert.match(log.text(), /no wildcard for users' names in the zone: each has the records/);
  assert.equal((await keeper.inspect(river)).state, "nowhere");
});

Deno.test("a wildcard above the base domain: it stays where it was, and so do all names below", async () => {
  const base = `relay.${ZONE}`;
  await using it = await keeperBench({ base });
  const { dns, claimed, sets, becomes } = it;
  await writeSets(dns, ZONE, [`*.${ZONE}`, "A", "127.0.0.9"], [`*.${ZONE}`, "AAAA", "::9"]);
  const [user, other] = [`kaylee.${base}`, `river.${base}`];
  claimed.add(user);
  await using poller = pollNames(dns.dnsPort, [base, user, other, `other.${ZONE}`], 5);
  const keeper = it.open();
  await keeper.keep([base]);
  await putTxt(dns, `_acme-challenge.${base}`, ["challenge"]);
  await keeper.keep([user]);
  await putTxt(dns, `_acme-challenge.${user}`, ["challenge"]);
  const wanted = { A: ["127.0.0.9"], AAAA: ["::9"] };
  for (const name of [base, `*.${base}`, user]) assert.deepEqual(await sets(name), wanted);
  keeper.start();
  await writeSets(dns, ZONE, [`*.${ZONE}`, "A", "127.0.0.8"]);
  for (const name of [base, `*.${base}`, user]) {
    await becomes(name, { A: ["127.0.0.8"], AAAA: ["::9"] });
  }
  await until(() => poller.answered > 200, "answers");
  await poller.stop();
  assert.deepEqual(poller.unanswered, []);
});

for (const nsec3param of ["", "1 0 0 -"]) {
  Deno.test(`a signed zone (${nsec3param ? "NSEC3" : "NSEC"}): every answer and denial validates`, async () => {
    await using it = await keeperBench();
    await using folder = temporaryFolder();
    const { dns, claimed } = it;
    await writeSets(dns, ZONE, [`*.${ZONE}`, "A", "127.0.0.9"], [`*.${ZONE}`, "AAAA", "::9"]);
    await dns.api("PUT", `/zones/${ZONE}.`, { dnssec: true });
    if (nsec3param) await dns.api("PUT", `/zones/${ZONE}.`, { nsec3param });
    const keys = await dns.api("GET", `/zones/${ZONE}./cryptokeys`) as { dnskey: string }[];
    const anchors = `${folder.path}/anchors.conf`;
    const [flags, protocol, algorithm, key] = keys[0]!.dnskey.split(" ");
    await Deno.writeTextFile(
      anchors,
      `trust-anchors { ${ZONE}. static-key ${flags} ${protocol} ${algorithm} "${key}"; };\n`,
    );
    const validates = async (name: string, type: string, said: RegExp): Promise<void> => {
      const { text } = await run("delv", [
        ...["@127.0.0.1", "-p", `${dns.dnsPort}`, "-a", anchors, `+root=${ZONE}`],
        ...[name, type],
      ]);
      assert.match(text, said, `${name} ${type}`);
      assert.match(text, /fully validated/, `${name} ${type}: ${text}`);
    };
    const all = async (): Promise<void> => {
      await validates(kaylee, "A", /\sA\s+127\.0\.0\.9/);
      await validates(kaylee, "AAAA", /\sAAAA\s+::9/);
      // Browsers ask for it, and give a name up whose denial they cannot believe.
      await validates(kaylee, "HTTPS", /negative response/);
      await validates(river, "A", /\sA\s+127\.0\.0\.9/);
    };

    await all();
    claimed.add(kaylee);
    const keeper = it.open();
    await keeper.keep([kaylee]);
    await all();
    await putTxt(dns, `_acme-challenge.${kaylee}`, ["challenge"]);
    await all();
    await writeSets(dns, ZONE, [`_acme-challenge.${kaylee}`, "TXT"]);
    await all();
    claimed.clear();
    await keeper.settle(kaylee);
    assert.deepEqual(await dns.rows(kaylee), []);
    await all();
  });
}

Deno.test("users show and doctor tell where a name is, and that it is elsewhere", async () => {
  const users = new Map([["kaylee", ""]]);
  await using daemon = await startAcmeDaemon({
    users,
    prepare: ({ dns }) => writeSets(dns, ZONE, [`*.${ZONE}`, "A", "127.0.0.9"]),
  });
  const { dns } = daemon.it;
  const shown = async () => (await daemon.glossond("users", "show", "kaylee")).stdout;
  const examined = async (): Promise<{ state: string; detail: string; fix?: string }> => {
    const { stdout } = await daemon.glossond("doctor", "--json");
    const found = (JSON.parse(stdout) as { check: string; state: string; detail: string }[])
      .find(({ check }) => check === "users' names in the DNS");
    assert.ok(found, stdout);
    return found;
  };
  await daemon.logged("names in the DNS mended");
  assert.match(await shown(), /addresses +127\.0\.0\.9, as \*\.glosson\.test\n/);
  const well = await examined();
  assert.equal(well.state, "ok", well.detail);
  assert.match(well.detail, /1 names are where \*\.glosson\.test is, 1 by records of their own/);

  await writeSets(dns, ZONE, [kaylee, "A", "127.0.0.1"]);
  assert.match(
    await shown(),
    /addresses +127\.0\.0\.1, BUT \*\.glosson\.test is at 127\.0\.0\.9\n/,
  );
  const { stdout } = await daemon.glossond("users", "show", "kaylee", "--json");
  assert.deepEqual(JSON.parse(stdout).dns, {
    state: "differs",
    addresses: ["127.0.0.1"],
    wildcard: ["127.0.0.9"],
  });
  const other = await examined();
  assert.equal(other.state, "warning");
  assert.match(
    other.detail,
    /kaylee\.glosson\.test is at 127\.0\.0\.1, but \*\.\S+ at 127\.0\.0\.9/,
  );

  const challenge = `_acme-challenge.${kaylee}`;
  await writeSets(dns, ZONE, [challenge, "NS", "ns.elsewhere.test."]);
  const delegated = await examined();
  assert.equal(delegated.state, "warning");
  assert.match(
    delegated.detail,
    /^kaylee\.\S+ can be given no certificate: _acme-challenge\.kaylee\.\S+ is delegated to ns\.elsewhere\.test by/,
  );
  const leads = async (target: string): Promise<string> => {
    await writeSets(dns, ZONE, [challenge, "NS"], [challenge, "CNAME", target]);
    const { state, detail, fix } = await examined();
    assert.equal(state, "warning", detail);
    return `${detail}: ${fix}`;
  };
  assert.match(
    await leads("x.elsewhere.test."),
    /^kaylee\.\S+ can be given no certificate: .* leads to x\.elsewhere\.test, and PowerDNS holds no zone .*: let it lead/,
  );
  assert.match(await leads(`${challenge}.`), /no certificate: .* lead to no end .*: remove one of/);

  await writeSets(dns, ZONE, [challenge, "CNAME"], [kaylee, "A"], [`*.${ZONE}`, "A"]);
  assert.match(await shown(), /addresses +NONE/);
  assert.match((await examined()).detail, /kaylee\.glosson\.test has no address, and there is no/);
  await dns.stop();
  assert.match(await shown(), /addresses +not known/);
});
