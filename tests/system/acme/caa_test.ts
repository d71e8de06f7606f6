import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { opensslRequest, temporaryFolder, until } from "../../certificate/helpers.ts";
import { openRelayApi } from "./api.ts";
import { BASE } from "./bench.ts";
import { startAcmeDaemon } from "./daemon.ts";
import { startResolver } from "./resolver.ts";
import { standsIn, writeSets, writeZone } from "./zone.ts";

const [KAYLEE, ZOE] = [`kaylee.${BASE}`, `zoe.${BASE}`];

/** The account that the relay has at an ACME server by now. */
async function accountOf(stateDir: string, directoryUrl: string): Promise<string> {
  return JSON.parse(await Deno.readTextFile(`${stateDir}/acme-accounts.json`))[directoryUrl].url;
}

const relaysCaa = (account: string): string[] => [
  `0 issue "ca.test; accounturi=${account}; validationmethods=dns-01"`,
  '0 issuewild ";"',
];

Deno.test("who asks for it has CAA records that let the relay's account alone in, and nobody else", async () => {
  const users = new Map([["kaylee", ""], ["zoe", ""]]);
  await using daemon = await startAcmeDaemon({
    users,
    prepare: ({ dns }) => writeZone(dns, BASE),
    settings: { NAMES_BELOW: "2", CERTIFICATES_PER_DAY: "20", CAA_IDENTITY: "ca.test" },
  });
  const { dns, pebble, stateDir } = daemon.it;
  await using resolver = await startResolver(BASE, dns.dnsPort);
  await using folder = temporaryFolder();
  await daemon.logged("certificate in use");
  await using api = await openRelayApi(daemon);
  const [kaylee, zoe] = [users.get("kaylee")!, users.get("zoe")!];
  const account = () => accountOf(stateDir, pebble.directoryUrl);
  const caa = (token: string, body?: unknown) =>
    api.call(body === undefined ? "GET" : "PUT", "/v1/caa", { token, body });

  /** As an authority does (RFC 8659 section 3): the closest name that has such records, by a resolver. */
  async function closest(name: string): Promise<string[]> {
    for (let at = name; at.includes("."); at = at.slice(at.indexOf(".") + 1)) {
      const found = await resolver.ask(at, "CAA");
      if (found.length > 0) return found;
    }
    return [];
  }

  /** What authorities are to find at a name, as soon as the resolver asks anew. */
  const finds = (name: string, values: string[]): Promise<void> =>
    until(async () => `${await closest(name)}` === `${values}`, `${values} at ${name}`);

  assert.ok((await api.call("GET", "/v1/relay")).features.includes("caa"));
  assert.deepEqual(await caa(kaylee), {
    ...{ account: null, authority: null, records: [], written: true, detail: null },
  });
  const certified = async (token: string, ...names: string[]) => {
    const san = names.map((name) => `DNS:${name}`).join();
    const { csr } = await opensslRequest(folder.path, { san });
    return await api.ready(token, await api.order(token, csr));
  };
  await certified(kaylee, KAYLEE, `app.${KAYLEE}`);
  assert.deepEqual(await closest(`app.${KAYLEE}`), []);

  const asked = await caa(kaylee, { account: "relay" });
  const first = relaysCaa(await account());
  assert.deepEqual(asked, {
    ...{ account: "relay", authority: null, written: true, detail: null },
    records: first.map((value) => `${KAYLEE}. IN CAA ${value}`),
  });
  for (const name of [KAYLEE, `app.${KAYLEE}`, `new.${KAYLEE}`]) {
    await finds(name, first);
  }
  assert.deepEqual(await closest(ZOE), []);
  assert.deepEqual(await resolver.ask(`app.${KAYLEE}`, "A"), ["127.0.0.9"]);
  const shown = await daemon.glossond("users", "show", "kaylee");
  assert.match(shown.stdout, /^CAA +the relay's account alone, in the DNS$/m);

  // Somebody takes them out, and the name below out of the zone: told, until the relay mends it.
  const examined = async (): Promise<{ state: string; detail: string }> => {
    const { stdout } = await daemon.glossond("doctor", "--json");
    return (JSON.parse(stdout) as { check: string; state: string; detail: string }[])
      .find(({ check }) => check === "users' names in the DNS")!;
  };
  assert.equal((await examined()).state, "ok");
  await writeSets(dns, BASE, [KAYLEE, "CAA"], [`app.${KAYLEE}`, "A"], [`app.${KAYLEE}`, "AAAA"]);
  const bare = await examined();
  assert.equal(bare.state, "warning");
  assert.match(bare.detail, /^kaylee\.glosson\.test has not the CAA records that its user wants/);
  await writeSets(dns, BASE, [KAYLEE, "CAA", ...first]);
  const hidden = await examined();
  assert.equal(hidden.state, "warning");
  assert.match(hidden.detail, /^app\.kaylee\.glosson\.test has no address: where records stand/);

  // Another account, as after the authority has taken the first away: the order that registers it brings the
  // records along before it is placed.
  await Deno.remove(`${stateDir}/acme-accounts.json`);
  await certified(kaylee, KAYLEE, `app.${KAYLEE}`);
  const second = relaysCaa(await account());
  assert.notDeepEqual(second, first);
  await finds(KAYLEE, second);
  await finds(`app.${KAYLEE}`, second);

  // What the operator wrote stays, and it is told.
  await writeSets(dns, BASE, [ZOE, "CAA", '0 issue "theirs.test"']);
  const refused = await caa(zoe, { account: "relay" });
  assert.equal(refused.written, false);
  assert.match(refused.detail, /zoe\.glosson\.test has CAA records that the relay did not write/);
  await finds(ZOE, ['0 issue "theirs.test"']);
  const told = await daemon.glossond("users", "show", "zoe", "--json");
  assert.deepEqual(JSON.parse(told.stdout).caa, {
    ...{ account: "relay", written: false, why: refused.detail },
  });

  // Without the DNS it is kept, and done once that is back.
  await dns.stop();
  const late = await caa(kaylee, { account: null });
  assert.equal(late.written, false);
  assert.ok(late.detail.length > 0);
  using db = new DatabaseSync(`${stateDir}/glossond.sqlite`, { readOnly: true });
  assert.deepEqual(db.prepare("SELECT username FROM user_caa").all().map((row) => row.username), [
    "zoe",
  ]);
  await daemon.restart("SIGTERM", async () => {
    await dns.restart();
    await writeSets(dns, BASE, [ZOE, "CAA"]);
  });
  await until(
    async () => !(await standsIn(dns, BASE, KAYLEE)).some((set) => set.includes(" CAA ")),
    "kaylee's records to go",
  );
  await until(async () => (await caa(zoe)).written, "zoe's records, now that none are in the way");
  await finds(ZOE, second);
  await api.call("DELETE", "/v1/account", { token: zoe });
  await until(async () => (await dns.rows(ZOE)).length === 0, "an empty zone");
});
