import assert from "node:assert/strict";
import { type ClientProgram, CLIENTS } from "../../stories/glosson.ts";
import { opensslRequest, until } from "../../certificate/helpers.ts";
import { openRelayApi } from "./api.ts";
import { BASE } from "./bench.ts";
import { startProvingRelay } from "./proving.ts";
import { startResolver } from "./resolver.ts";
import { visitOnce } from "./visitor.ts";

const KAYLEE = `kaylee.${BASE}`;

for (const [name, client] of Object.entries(CLIENTS)) {
  Deno.test(`who has an ACME account of their own alone order gets the page's certificate by TLS-ALPN-01, and the relay orders nothing (${name})`, () =>
    boundToOwnAccount(client));
}

async function boundToOwnAccount(client: ClientProgram): Promise<void> {
  await using proving = await startProvingRelay({
    settings: { CERTIFICATES_PER_DAY: "20" },
    client,
  });
  const { daemon, glosson, dir, pebbleCa } = proving;
  const { it: { dns, pebble }, ports: { hub = 0 } } = daemon;
  await using resolver = await startResolver(BASE, dns.dnsPort);
  await using api = await openRelayApi(daemon);
  await Deno.mkdir(`${dir}/site`);
  await Deno.writeTextFile(`${dir}/site/index.html`, "hello");
  const { token } = JSON.parse(await Deno.readTextFile(`${glosson.stateDir}/account.json`));
  const serial = async () => (await visitOnce(hub, KAYLEE)).serial;
  const signedByRelay = () =>
    daemon.lines.filter(({ message, username }) => message === "certificate signed" && username)
      .length;
  const run = async () => {
    const one = glosson.run("--dir", `${dir}/site`);
    await one.said(/Online/);
    return one;
  };

  let running = await run();
  const byRelay = await serial();
  assert.equal(signedByRelay(), 1);
  const own = ["caa", "own", "--acme", pebble.directoryUrl, "--acme-ca", pebbleCa];
  const unasked = await glosson.command(...own);
  assert.match(unasked.stderr, /Read its terms \(data:.*--agree-terms/);
  const nameless = await glosson.command(...own, "--agree-terms");
  assert.match(nameless.stderr, /tells no name for CAA records: name it with --authority/);
  assert.deepEqual(await resolver.ask(KAYLEE, "CAA"), []);
  const bound = await glosson.command(...own, "--agree-terms", "--authority", "ca.test");
  assert.equal(bound.code, 0, bound.stderr);
  const { url } = JSON.parse(await Deno.readTextFile(`${glosson.stateDir}/domains/acme.json`));
  const issue = `0 issue "ca.test; accounturi=${url}; validationmethods=tls-alpn-01"`;
  assert.ok(bound.stdout.includes(`${KAYLEE}. IN CAA ${issue}`), bound.stdout);
  await until(
    async () => `${await resolver.ask(KAYLEE, "CAA")}` === `${[issue, '0 issuewild ";"']}`,
    "the records",
  );

  // The relay orders nothing more, whoever asks.
  const { csr } = await opensslRequest(dir, { san: `DNS:${KAYLEE}` });
  await assert.rejects(api.order(token, csr), /409 .*urn:glosson:problem:own-account.*caa off/);
  await running.stop("SIGTERM");
  running = await run();
  await running.said(/Certificate renewed/);
  const byUser = await serial();
  assert.notEqual(byUser, byRelay);
  assert.equal((await visitOnce(hub, KAYLEE)).status, "HTTP/1.1 200 OK");

  // With nothing here but the account: an authority reaches the client once it is online.
  await running.stop("SIGTERM");
  await Deno.remove(`${glosson.stateDir}/identity.pem`);
  running = await run();
  await running.said(/Certificate renewed/);
  assert.notEqual(await serial(), byUser);
  assert.equal(signedByRelay(), 1, "by the relay");
  await running.stop("SIGTERM");
  const below = await glosson.command("run", "--also", "app");
  assert.match(below.stderr, /The relay orders for names below yours.*--no-also/);

  // Locked out: the token is enough to have the relay order again.
  await Deno.remove(`${glosson.stateDir}/domains/acme.json`);
  const off = await glosson.command("caa", "off");
  assert.match(off.stdout, /^Nobody is barred by records of kaylee/);
  await until(async () => (await resolver.ask(KAYLEE, "CAA")).length === 0, "no records");
  running = await run();
  await running.said(/Certificate renewed/);
  assert.equal(signedByRelay(), 2);
  const told = await glosson.command("caa", "relay");
  assert.equal(told.code, 0, told.stderr);
  assert.match(told.stdout, /The DNS is not so yet: the relay cannot tell yet which account/);
  await daemon.logged("users' CAA records are not brought up to date");
}
