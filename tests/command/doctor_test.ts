import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { findingsText } from "../../lib/command/doctor.ts";
import { loadConfig } from "../../lib/config/load.ts";
import type { Finding } from "../../lib/doctor/finding.ts";
import { examine } from "../../lib/doctor/doctor.ts";
import { checkHandOver, checkRelay, findRelay } from "../../lib/doctor/relay.ts";
import { temporaryFolder } from "../certificate/helpers.ts";
import { glossond } from "../stories/admin_command.ts";
import { BASE, type Relay, startRelay } from "../stories/relay.ts";
import { getCertificate, signUp } from "../stories/user.ts";
import { freePort } from "../../scripts/ports.ts";
import { checkAddresses } from "../../lib/doctor/addresses.ts";
import { checkPaths } from "../../lib/doctor/paths.ts";
import { startFakeDns } from "./fake_dns.ts";

const DAY_MS = 86_400_000;

/** What the doctor finds with the relay's settings and these changes. */
async function find(
  relay: Relay,
  changes: Record<string, string> = {},
  now?: () => number,
): Promise<Finding[]> {
  const ports = relay.ports as Record<"hub" | "data" | "control" | "pages" | "admin", number>;
  const settings = {
    BASE_DOMAIN: BASE,
    STATE_DIR: relay.stateDir,
    GET_BIO_SCRIPT: `${relay.stateDir}/../get_bio.py`,
    AUTHORITY: "local",
    HUB_PORT: `${ports.hub}`,
    DATA_PORT: `${ports.data}`,
    CONTROL_PORT: `${ports.control}`,
    PAGES_PORT: `${ports.pages}`,
    ADMIN_PORT: `${ports.admin}`,
    PUBLIC_PORT: `${ports.hub}`,
    PUBLIC_DATA_HOST: "127.0.0.1",
    HTTP_PORT: "0",
    // Few enough for any machine's descriptors.
    MAX_VISITORS: "100",
    MAX_CLIENTS: "100",
    ...changes,
  };
  const loaded = loadConfig({
    env: Object.fromEntries(Object.entries(settings).map(([k, v]) => [`GLOSSOND_${k}`, v])),
  });
  assert.deepEqual(loaded.problems, []);
  return await examine({ settings: loaded.settings!, ...(now !== undefined && { now }) });
}

/** Asserts that among the findings is this one, with a fix. */
function assertFound(
  findings: Finding[],
  check: string,
  detail: RegExp,
  state: Finding["state"] = "fault",
): void {
  const found = findings.find((finding) => finding.check === check);
  assert.ok(found, `${check} is missing in ${JSON.stringify(findings)}`);
  assert.equal(found.state, state, JSON.stringify(found));
  assert.match(found.detail, detail);
  assert.ok(found.fix && found.fix.length > 20, "a fix is missing");
}

/** An HTTP server that stands for PowerDNS or an ACME server. */
async function serve(
  handler: (path: string) => { status?: number; body: unknown; date?: Date },
): Promise<AsyncDisposable & { url: string }> {
  const server = createServer((request, response) => {
    const { status = 200, body, date } = handler(request.url ?? "");
    if (date !== undefined) {
      response.sendDate = false;
      response.setHeader("Date", date.toUTCString());
    }
    response.writeHead(status, { "Content-Type": "application/json", Connection: "close" });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

/** Settings of an ACME relay with these servers. */
function acme(pdns: string, directory: string): Record<string, string> {
  return {
    AUTHORITY: "acme",
    ACME_EMAIL: "operator@glosson.example",
    POWERDNS_API_KEY: "key",
    PDNS_API_URL: pdns,
    ACME_DIRECTORY_URL: directory,
  };
}

Deno.test("doctor finds nothing wrong with a relay that is well, and names each fault of others", async (t) => {
  await using relay = await startRelay({
    settings: { MAX_VISITORS: "100", MAX_CLIENTS: "100" },
  });
  const empty = await Deno.makeTempDir({ prefix: "glossond-doctor-" });
  const closed = `http://127.0.0.1:${freePort()}`;

  await t.step("a relay that is well", async () => {
    const findings = await find(relay);
    assert.deepEqual(findings.filter(({ state }) => state !== "ok" && state !== "skipped"), []);
    assert.ok(findings.filter(({ state }) => state === "ok").length >= 10);
  });
  await t.step("wrong settings", async () => {
    const { code, stdout } = await glossond(empty, "doctor", "--json");
    assert.equal(code, 2);
    const findings: Finding[] = JSON.parse(stdout);
    assert.ok(findings.some(({ detail }) => /ACME_EMAIL is required/.test(detail)));
  });
  await t.step("a state folder that cannot be written", async () => {
    const findings = await find(relay, { STATE_DIR: "/proc/none" });
    assertFound(findings, "state folder", /\/proc\/none cannot be written/);
  });
  await t.step("a state folder that is open to others", async () => {
    await Deno.chmod(empty, 0o750);
    const findings = await find(relay, { STATE_DIR: empty });
    assertFound(findings, "state folder", /is open to others \(mode 0750\)/, "warning");
    await Deno.chmod(empty, 0o700);
  });
  await t.step("no relay runs: that is first, and not ten faults of one cause", async () => {
    const [first, ...others] = await find(relay, {
      ...{ STATE_DIR: `${empty}/none`, PUBLIC_PORT: "1", PUBLIC_DATA_PORT: "1" },
      ...Object.fromEntries(
        ["HUB", "DATA", "CONTROL", "PAGES", "ADMIN"].map((name) => [
          `${name}_PORT`,
          String(freePort()),
        ]),
      ),
    });
    assertFound([first!], "relay", /none runs on .*none/);
    assert.deepEqual(others.filter(({ state }) => state === "fault"), []);
    const stateOf = (check: string) => others.find((finding) => finding.check === check)?.state;
    assert.deepEqual(["state folder", "certificate", "ports"].map(stateOf), [
      ...["skipped", "skipped"],
      "ok",
    ]);
  });
  await t.step("no relay runs, and another program has its port", async () => {
    const findings = await find(relay, { STATE_DIR: empty });
    assertFound(findings, "relay", /none runs/);
    assertFound(findings, "hub", /^Cannot listen on 127\.0\.0\.1:\d+ \(hub\)/);
    assert.match(findings.find(({ check }) => check === "hub")!.fix!, /^end what listens there/);
  });
  await t.step("fewer descriptors than the limits need", async () => {
    const findings = await find(relay, { MAX_VISITORS: "5000" });
    assertFound(findings, "descriptors", /visitors 100 instead of 5000/, "warning");
  });
  await t.step("no wildcard record", async () => {
    const known = ["glosson.example", "relay.glosson.example"];
    await using dns = await startFakeDns((name) => known.includes(name) ? "127.0.0.1" : undefined);
    const changes = { BASE_DOMAIN: "glosson.example", DNS_SERVERS: `127.0.0.1:${dns.port}` };
    const findings = await find(relay, changes);
    assertFound(findings, "DNS of users' names", /doctor-\w+\.glosson\.example has no address/);
    assert.equal(findings.find(({ check }) => check === "DNS of the base domain")?.state, "ok");
  });
  await t.step("names below the base domain that lead elsewhere", async () => {
    await using dns = await startFakeDns((name) =>
      name.startsWith("doctor") ? "127.0.0.2" : "127.0.0.1"
    );
    const changes = { BASE_DOMAIN: "glosson.example", DNS_SERVERS: `127.0.0.1:${dns.port}` };
    const findings = await find(relay, changes);
    assertFound(findings, "DNS", /at 127\.0\.0\.1, names below it at 127\.0\.0\.2/, "warning");
  });
  await t.step("a front that leads to another server", async () => {
    const other = await getCertificate(relay, await signUp(relay, "other"));
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, ...other, onListen() {} },
      () => new Response("another site"),
    );
    const findings = await find(relay, { PUBLIC_PORT: String(server.addr.port) });
    for (const to of ["the landing page", "users' pages", "the API"]) {
      assertFound(findings, `front to ${to}`, /shows another certificate/);
    }
    assert.equal(findings.find(({ check }) => check === "hub")?.state, "ok");
    await server.shutdown();
  });
  await t.step("no front at all, and a closed port is no firewall's", async () => {
    const findings = await find(relay, { PUBLIC_PORT: "1" });
    assertFound(findings, "front to the landing page", /refused/i);
    assert.doesNotMatch(JSON.stringify(findings), /firewall/i);
  });
  await t.step("a PROXY header that the hub does not expect", async () => {
    const findings = await find(relay, { PROXY_PROTOCOL_FROM: "127.0.0.1" });
    assertFound(findings, "hub", /./);
  });
  await t.step("a data port that cannot be reached", async () => {
    const findings = await find(relay, { PUBLIC_DATA_PORT: "1" });
    assertFound(findings, "data port", /refused/i);
    assert.doesNotMatch(JSON.stringify(findings), /firewall/i);
  });
  await t.step("a data port that takes connections and answers nothing", async () => {
    using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const findings = await find(relay, { PUBLIC_DATA_PORT: `${silent.addr.port}` });
    assertFound(findings, "data port", /takes connections and answers nothing for 5 s/);
  });

  await t.step("a data port that is another server's", async () => {
    const port = String(relay.ports.admin);
    assertFound(await find(relay, { PUBLIC_DATA_PORT: port }), "data port", /is not the relay's/);
  });
  await t.step("a certificate that is out of date", async () => {
    const findings = await find(relay, {}, () => Date.now() + 365 * DAY_MS);
    assertFound(findings, "certificate", /./);
  });
  await t.step("a bio script that crashes", async () => {
    await Deno.writeTextFile(`${empty}/crash.py`, "import nothing_of_that_name\n");
    const findings = await find(relay, { STATE_DIR: empty, GET_BIO_SCRIPT: `${empty}/crash.py` });
    assertFound(findings, "bio script", /nothing_of_that_name/);
  });
  await t.step("one of two public addresses cannot be reached from here", async () => {
    const { settings } = loadConfig({
      env: {
        GLOSSOND_BASE_DOMAIN: BASE,
        GLOSSOND_AUTHORITY: "local",
        GLOSSOND_HTTP_PORT: "0",
        GLOSSOND_PUBLIC_PORT: `${relay.ports.hub}`,
        ...Object.fromEntries(
          ["HUB", "CONTROL", "PAGES"].map((name) => [`GLOSSOND_${name}_PORT`, "0"]),
        ),
      },
    });
    // Nobody listens at the first one.
    const addresses = ["127.0.0.9", "127.0.0.1"];
    const findings = await checkPaths({ settings: settings!, addresses });
    const front = findings.filter(({ check }) => check.startsWith("front to"));
    assert.deepEqual(front.map(({ state }) => state), ["ok", "ok", "ok"]);

    const there = "127.0.0.9:" + relay.ports.hub;
    const each = await checkAddresses(settings!, addresses);
    assert.deepEqual(each.map(({ check }) => check), [`front at ${there}`]);
    assertFound(each, `front at ${there}`, /from here: .*refused/i, "warning");
    // Where none can be used other checks tell it.
    assert.deepEqual(await checkAddresses(settings!, ["127.0.0.9", "127.0.0.8"]), []);
  });
  await t.step("a bio script that is the example as it came", async () => {
    const findings = await find(relay, acme(closed, `${closed}/dir`));
    assertFound(findings, "bio script", /is the example as it came/, "warning");
  });
  await t.step("a program for trouble that is not there", async () => {
    const findings = await find(relay, { ON_TROUBLE: `${empty}/none.py` });
    assertFound(findings, "trouble", /none\.py cannot be read/);
  });
  await t.step("a bio script that is not there", async () => {
    assertFound(
      await find(relay, { STATE_DIR: empty, GET_BIO_SCRIPT: `${empty}/none.py` }),
      "bio script",
      /none\.py/,
    );
  });
  await t.step("a bio script that finds everybody", async () => {
    await Deno.writeTextFile(`${empty}/all.py`, "print('hello')\n");
    const findings = await find(relay, { STATE_DIR: empty, GET_BIO_SCRIPT: `${empty}/all.py` });
    assertFound(findings, "bio script", /prints a bio/, "warning");
  });
  await t.step("PowerDNS and the ACME server cannot be reached", async () => {
    const findings = await find(relay, acme(closed, `${closed}/dir`));
    assertFound(findings, "PowerDNS API", /refused/);
    assertFound(findings, "ACME server", /refused/);
  });
  await t.step("PowerDNS refuses the key, and the clock is wrong", async () => {
    await using pdns = await serve(() => ({ status: 401, body: { error: "Unauthorized" } }));
    await using ca = await serve(() => ({
      body: { newNonce: "https://ca.example/nonce", newOrder: "https://ca.example/order" },
      date: new Date(Date.now() - 600_000),
    }));
    const findings = await find(relay, acme(pdns.url, ca.url));
    assertFound(findings, "PowerDNS API", /refuses the key/);
    assertFound(findings, "clock", /is (?:599|60\d) s ahead/);
  });
  await t.step(
    "PowerDNS does not hold the zone, and the ACME address is another page's",
    async () => {
      await using pdns = await serve((path) => ({ body: path.includes("/zones?") ? [] : {} }));
      await using ca = await serve(() => ({ body: { newOrder: "hello" } }));
      const findings = await find(relay, acme(pdns.url, ca.url));
      assertFound(findings, "PowerDNS API", new RegExp(BASE.replaceAll(".", "\\.")));
      assertFound(findings, "ACME server", /not with an ACME directory/);
    },
  );
  await Deno.remove(empty, { recursive: true });
});

Deno.test("doctor tells people each fault with its fix, and exits 1", async () => {
  await using relay = await startRelay();
  await relay.stop();
  const { code, stdout } = await glossond(relay.stateDir, "doctor", "--dev");
  assert.equal(code, 1);
  assert.match(
    stdout,
    /^FAULT {2}relay: none runs on .*\n {7}fix: .*start it: systemctl start glossond\n/,
  );
});

Deno.test("findingsText() fits lines to a terminal, and leaves them whole for grep", () => {
  const words = "word ".repeat(40).trim();
  const finding: Finding = { check: "relay", state: "fault", detail: words, fix: words };
  const lines = findingsText([finding], { isTerminal: true }).trimEnd().split("\n");
  assert.deepEqual(lines.filter((line) => line.length > 80), []);
  assert.match(
    lines.join("\n"),
    /^FAULT {2}relay: word[^]*\n {7}word[^]*\n {7}fix: word[^]*\n {12}word/,
  );
  assert.equal(
    findingsText([finding], { isTerminal: false }),
    `FAULT  relay: ${words}\n       fix: ${words}\n`,
  );
});

Deno.test("doctor names the kernel's setting by which a hand-over loses no connection", async () => {
  const proc = await Deno.makeTempDir({ prefix: "glossond-doctor-" });
  await Deno.mkdir(`${proc}/sys/net/ipv4`, { recursive: true });
  const set = (text: string) => Deno.writeTextFile(`${proc}/sys/net/ipv4/tcp_migrate_req`, text);
  assert.deepEqual(await checkHandOver(proc), []);
  await set("0\n");
  const [off] = await checkHandOver(proc);
  assert.equal(off?.check, "hand-over");
  assert.match(
    off!.detail,
    /may lose .*tcp_migrate_req is 0; .*sysctl -w net\.ipv4\.tcp_migrate_req=1/,
  );
  await set("1\n");
  assert.match((await checkHandOver(proc))[0]!.detail, /loses no connection/);
  await Deno.remove(proc, { recursive: true });
  if (Deno.build.os !== "linux") return;
  // As the command has it, of this machine.
  const own = await Deno.readTextFile("/proc/sys/net/ipv4/tcp_migrate_req").catch(() => undefined);
  const [found] = await checkHandOver();
  assert.equal(/tcp_migrate_req is (\d)/.exec(found?.detail ?? "")?.[1], own?.trim());
});

Deno.test("doctor tells of a relay that cannot be reached what is in the way, and the fix of that", async () => {
  await using folder = temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/glossond.sock`, "");
  const relay = await findRelay(folder.path);
  const [found] = await checkRelay(loadConfig({ env: {}, dev: true }).settings!, relay);
  assert.deepEqual([found!.detail, found!.fix], [
    `${folder.path}/glossond.sock is no socket`,
    "remove it",
  ]);
});

Deno.test("doctor tells what else it found where a check fails, as beside a relay of another version", async () => {
  await using folder = temporaryFolder();
  const path = `${folder.path}/glossond.sock`;
  const other = Deno.serve({ path, onListen() {} }, () => Response.json({ software: "other" }));
  const { code, stdout } = await glossond(folder.path, "doctor", "--dev", "--json");
  await other.shutdown();
  assert.equal(code, 1);
  const findings: Finding[] = JSON.parse(stdout);
  assertFound(findings, "doctor", /a check failed: /);
  assert.ok(findings.some(({ check }) => check === "state folder"));
});
