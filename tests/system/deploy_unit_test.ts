import assert from "node:assert/strict";
import { run } from "../../scripts/run.ts";
import { until } from "../certificate/helpers.ts";
import { setUpGlosson } from "../stories/glosson.ts";
import { BASE, type Relay, ROOT } from "../stories/relay.ts";
import { stayingVisitor } from "../stories/staying_visitor.ts";
import { serveUser, signUp, visit } from "../stories/user.ts";
import { freePort } from "../../scripts/ports.ts";
import { executables } from "./deploy/executable.ts";
import { frontPorts, startHaproxy } from "./deploy/front.ts";
import { type PlacedFile, startSystemd, type Systemd } from "./deploy/systemd.ts";

/** The unit's own exposure level; systemd-analyze calls 0 to 1.5 safe to say "OK" to. */
const MAX_EXPOSURE = 1.5;

/** Only where the log goes is this test's: no journald runs beside this systemd. */
const LOG_FILE = "/run/glossond.log";

/** Restarts behind HAProxy, and how often a visitor comes meanwhile. */
const RESTARTS = 3;
const VISIT_EVERY_MS = 50;

/** How long a relay may take to end, or to tell how it is, on a busy machine, milliseconds. */
const END_MS = 60_000;

/** What a client says when it is online. */
const ONLINE = /Online/;

/** What visitors of one who is online get, see `gotBy()`. */
const SERVED = "200 online";

/** How long a visitor waits for a user who was online when the relay stopped, milliseconds. */
const GRACE_MS = 5_000;

async function analyze(...args: string[]): Promise<string> {
  const { code, text } = await run("systemd-analyze", args);
  assert.equal(code, 0, text);
  return text;
}

for (const name of ["glossond.service", "glossond@.service"]) {
  Deno.test(`systemd-analyze finds nothing wrong with ${name}, and little exposed`, async () => {
    await using stack = new AsyncDisposableStack();
    const dir = await Deno.makeTempDir({ prefix: "glossond-unit-" });
    stack.defer(() => Deno.remove(dir, { recursive: true }));
    // The program has to be there for verify; on this machine it is not installed.
    const unit = (await Deno.readTextFile(`${ROOT}examples/${name}`))
      .replace("/usr/local/bin/glossond", "/bin/true");
    const path = `${dir}/${name.replace("@", "@a")}`;
    await Deno.writeTextFile(path, unit);
    assert.equal((await analyze("verify", "--man=no", path)).trim(), "");
    const security = await analyze(
      ...["security", "--offline=true", "--no-pager", `--threshold=${MAX_EXPOSURE * 10}`],
      path,
    );
    const level = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(security)?.[1]);
    assert.ok(level <= MAX_EXPOSURE, security);
  });
}

Deno.test("the unit of two instances is the other one, but for what has to be different", async () => {
  const lines = async (name: string): Promise<string[]> =>
    (await Deno.readTextFile(`${ROOT}examples/${name}`)).split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
  const [one, two] = [await lines("glossond.service"), await lines("glossond@.service")];
  const keys = (all: string[], others: string[]): string[] =>
    all.filter((line) => !others.includes(line)).map((line) => line.split("=")[0]!);
  assert.deepEqual(keys(one, two), ["Description", "ExecStart", "Restart"]);
  assert.deepEqual(keys(two, one), ["Description", "ExecStartPre", "ExecStart", "User", "Restart"]);
});

/** Runs the relay by its unit; as a story's relay, but for the process, which systemd has. */
async function relayOf(
  systemd: Systemd,
  ports: Record<string, number>,
): Promise<Relay> {
  const state = "/var/lib/glossond";
  async function text(path: string): Promise<string> {
    return (await systemd.run("cat", path)).text;
  }
  for (let tries = 0; !(await text(LOG_FILE)).includes(" ready "); tries++) {
    if (tries > 150) throw new Error(`The relay is not ready: ${await text(LOG_FILE)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    pid: 0,
    dir: "/etc/glossond",
    stateDir: state,
    biosDir: `${systemd.root}/etc/glossond/bios`,
    ports,
    ca: await text(`${state}/local-ca.pem`),
    lines: [],
    readerGone: Promise.resolve(),
    logged: () => Promise.reject(new Error("not here")),
    stop: () => Promise.reject(new Error("not here")),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Free ports for the listeners, and a settings file that names them. */
function freshSettings(publicPort = 0): { ports: Record<string, number>; settings: string } {
  const names = ["hub", "data", "control", "pages", "admin"];
  const ports = Object.fromEntries(names.map((name) => [name, freePort()]));
  const settings = [
    "GLOSSOND_AUTHORITY=local",
    `GLOSSOND_BASE_DOMAIN=${BASE}`,
    "GLOSSOND_GET_BIO_SCRIPT=/etc/glossond/get_bio.py",
    "GLOSSOND_PUBLIC_DATA_HOST=127.0.0.1",
    `GLOSSOND_PUBLIC_PORT=${publicPort}`,
    ...names.map((name) => `GLOSSOND_${name.toUpperCase()}_PORT=${ports[name]}`),
    "",
  ].join("\n");
  return { ports, settings };
}

/** A unit of the examples, and what is different here. */
function unitFiles(name: string, lines: Record<string, string>): Record<string, PlacedFile> {
  const text = Object.entries(lines).map(([key, value]) => `${key}=${value}\n`).join("");
  return {
    [`/etc/systemd/system/${name}`]: { from: `${ROOT}examples/${name}` },
    [`/etc/systemd/system/${name}.d/here.conf`]: { text: `[Service]\n${text}` },
  };
}

/** A systemd with the executable, the units and these settings in their places. */
async function systemdWith(
  settings: string,
  lines: Record<string, string> = {},
): Promise<Systemd> {
  return await startSystemd({
    "/usr/local/bin/glossond": { from: `${await executables()}/glossond`, mode: "755" },
    ...unitFiles("glossond.service", { StandardError: `file:${LOG_FILE}`, ...lines }),
    // The machine's own setting stays as it is.
    ...unitFiles("glossond@.service", { StandardError: `append:${LOG_FILE}`, ExecStartPre: "" }),
    "/etc/glossond/settings": { text: settings },
    "/etc/glossond/secrets": { text: "POWERDNS_API_KEY=key\n", mode: "600" },
    // Proves every name by a code that the test puts into a file that all can read.
    "/etc/glossond/get_bio.py": {
      text: `import sys\nprint(open("/etc/glossond/bios/" + sys.argv[1] + ".txt").read())\n`,
      mode: "755",
    },
    "/etc/glossond/bios/.keep": {},
  });
}

Deno.test("the unit tries until it works, also after more failed starts than systemd allows by default", async () => {
  const { ports, settings } = freshSettings();
  await using systemd = await systemdWith(settings, { WatchdogSec: "2" });
  const show = async (property: string): Promise<string> =>
    (await systemd.systemctl("show", "-P", property, "glossond")).trim();
  {
    using _taken = Deno.listen({ hostname: "127.0.0.1", port: ports.hub! });
    await systemd.systemctl("start", "--no-block", "glossond");
    await until(
      async () => {
        assert.notEqual(await show("ActiveState"), "failed", "systemd gave up");
        return Number(await show("NRestarts")) >= 7;
      },
      "seven more starts",
      2 * END_MS,
    );
  }
  const relay = await relayOf(systemd, ports);
  assert.equal((await visit(relay, BASE)).status, 200);

  // One that is stuck is started again.
  const restarts = Number(await show("NRestarts"));
  await systemd.run("truncate", "-s0", LOG_FILE);
  await systemd.run("kill", "-STOP", await show("MainPID"));
  const again = await relayOf(systemd, ports);
  assert.equal((await visit(again, BASE)).status, 200);
  assert.equal(Number(await show("NRestarts")), restarts + 1);
});

Deno.test("an instance of the unit takes the other's place, which ends by itself", async () => {
  const { ports, settings } = freshSettings();
  await using systemd = await systemdWith(`${settings}GLOSSOND_DRAIN_SECONDS=1\n`);
  const show = async (property: string, unit: string): Promise<string> =>
    (await systemd.systemctl("show", "-P", property, unit)).trim();
  await systemd.systemctl("start", "glossond@a");
  const relay = await relayOf(systemd, ports);
  const user = await signUp(relay, "kaylee");
  {
    await using _server = await serveUser(relay, user, () => new Response("hello"));
    assert.equal((await visit(relay, user.hostname)).body, "hello");
  }
  await systemd.systemctl("start", "glossond@b");
  assert.equal((await visit(relay, BASE)).status, 200);
  await until(
    async () => await show("ActiveState", "glossond@a") === "inactive",
    "the end of the one before",
    END_MS,
  );
  assert.equal(await show("Result", "glossond@a"), "success");
  assert.equal(await show("ActiveState", "glossond@b"), "active");
  await using _server = await serveUser(relay, user, () => new Response("hello again"));
  assert.equal((await visit(relay, user.hostname)).body, "hello again");
  // systemd hears how it is.
  await until(
    async () => await show("StatusText", "glossond@b") === "1 users online, 0 visitors",
    "the status that systemd shows",
    END_MS,
  );
});

Deno.test("while an instance keeps its visitors its start does nothing, and a third one takes over", async () => {
  const { ports, settings } = freshSettings();
  await using systemd = await systemdWith(`${settings}GLOSSOND_DRAIN_SECONDS=600\n`);
  const show = async (property: string, unit: string): Promise<string> =>
    (await systemd.systemctl("show", "-P", property, unit)).trim();
  await systemd.systemctl("start", "glossond@a");
  const relay = await relayOf(systemd, ports);
  await using _server = await serveUser(
    relay,
    await signUp(relay, "kaylee"),
    () => new Response("hello"),
  );
  using stays = await stayingVisitor(relay);
  assert.equal(await stays.status(), "HTTP/1.1 200 OK");

  await systemd.systemctl("start", "glossond@b");
  const left = "another relay has its place; 1 visitors left";
  await until(async () => await show("StatusText", "glossond@a") === left, left, END_MS);
  const pid = await show("MainPID", "glossond@a");
  await systemd.systemctl("start", "glossond@a");
  assert.equal(await show("MainPID", "glossond@a"), pid);

  await systemd.systemctl("start", "glossond@c");
  await until(
    async () => await show("ActiveState", "glossond@b") === "inactive",
    "the end of the second",
    END_MS,
  );
  assert.equal((await visit(relay, BASE)).status, 200);
  assert.equal(await stays.status(), "HTTP/1.1 200 OK", "its connection is the first one's");
});

Deno.test("systemctl restart is noticed by nobody behind HAProxy", async () => {
  const front = frontPorts();
  const { ports, settings } = freshSettings(front.tls);
  await using systemd = await systemdWith(`${settings}GLOSSOND_PROXY_PROTOCOL_FROM=127.0.0.1\n`);
  await systemd.systemctl("start", "glossond");
  const relay = await relayOf(systemd, ports);
  await using stack = new AsyncDisposableStack();
  const dir = await Deno.makeTempDir({ prefix: "glossond-restart-" });
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const { hub = 0, control = 0 } = ports;
  stack.use(await startHaproxy({ dir, base: BASE, ports: front, hub, control }));
  const url = `https://relay.${BASE}:${front.tls}`;
  const glosson = stack.use(await setUpGlosson(relay, "kaylee", { url }));
  const client = glosson.run();
  await client.said(ONLINE);

  // One every so often, whether those before have been served or wait.
  const through = { ...relay, ports: { ...ports, hub: front.tls } };
  const visits: Promise<Visited>[] = [];
  const visiting = setInterval(() => visits.push(gotBy(through)), VISIT_EVERY_MS);
  stack.defer(() => clearInterval(visiting));
  const pid = () => systemd.systemctl("show", "-P", "MainPID", "glossond");
  for (let restart = 1; restart <= RESTARTS; restart++) {
    const before = await pid();
    await systemd.systemctl("restart", "glossond");
    assert.notEqual(await pid(), before);
    await until(() => client.lines.filter((line) => ONLINE.test(line)).length > restart, "back");
    assert.equal((await gotBy(through)).what, SERVED);
  }
  clearInterval(visiting);
  const seen = await Promise.all(visits);
  assert.ok(seen.length > RESTARTS * 1_000 / VISIT_EVERY_MS, `${seen.length} visits`);
  const others = seen.filter(({ what }) => what !== SERVED);
  // On a busy machine the client may need longer to return than a visitor waits for it.
  const early = others.filter(({ status, ms }) => status === undefined || ms < GRACE_MS);
  assert.deepEqual(early, []);
});

Deno.test("the daemon runs by its unit under the real systemd, with all its restrictions", async () => {
  const { ports, settings } = freshSettings();
  await using systemd = await systemdWith(settings);
  await systemd.systemctl("start", "glossond");
  const relay = await relayOf(systemd, ports);

  // A user signs up by the bio script, gets a certificate, and is visited.
  const user = await signUp(relay, "kaylee");
  {
    await using _server = await serveUser(relay, user, () => new Response("hello"));
    assert.equal((await visit(relay, user.hostname)).body, "hello");
  }
  const { text: status } = await command(systemd, "status");
  assert.match(status, /^joins +0 over parked connections, 1 asked for$/m);
  assert.equal((await command(systemd, "users", "block", "kaylee")).code, 0);
  // Root asks the service, whose user nobody can be outside of it.
  const renewed = await command(systemd, "cert", "renew", "--force");
  assert.match(renewed.text, /^= renewed \(notAfter: /m);
  const owners = await systemd.run(
    "sh",
    "-c",
    "stat -c %U%u /var/lib/private/glossond/* | sort -u",
  );
  assert.match(owners.text, /^\S+\n$/);
  assert.doesNotMatch(owners.text, /root/);
  assert.equal((await visit(relay, user.hostname)).status, 451);

  const pid = (await systemd.systemctl("show", "-P", "MainPID", "glossond")).trim();
  const { text: proc } = await systemd.run("cat", `/proc/${pid}/status`);
  const field = (name: string): string => new RegExp(`^${name}:\\s*(\\S+)`, "m").exec(proc)![1]!;
  assert.equal(field("Seccomp"), "2");
  assert.equal(field("NoNewPrivs"), "1");
  for (const set of ["CapEff", "CapPrm", "CapBnd", "CapAmb"]) assert.match(field(set), /^0+$/);
  assert.notEqual(field("Uid"), "0");

  await systemd.write("/etc/glossond/settings", `${settings}GLOSSOND_CONTACT=abuse@example.org\n`);
  await systemd.systemctl("reload", "glossond");
  while (!(await visit(relay, BASE)).body.includes("abuse@example.org"));

  // After kill -9 systemd starts it again, with its state.
  await systemd.run("truncate", "-s0", LOG_FILE);
  await systemd.systemctl("kill", "-s", "KILL", "glossond");
  const again = await relayOf(systemd, ports);
  assert.equal((await visit(again, user.hostname)).status, 451);
  await systemd.systemctl("stop", "glossond");
  for (const words of [["users", "unblock", "kaylee"], ["cert", "renew"]]) {
    const refused = await command(systemd, ...words);
    assert.equal(refused.code, 1);
    assert.match(refused.text, /only while the service runs: start that/);
  }
  assert.match((await systemd.run("cat", LOG_FILE)).text, / stopped\n$/);
});

/** Runs a command of the executable as root on the unit's state, as OPERATING.md tells. */
async function command(systemd: Systemd, ...args: string[]) {
  return await systemd.run(
    "env",
    "GLOSSOND_STATE_DIR=/var/lib/glossond",
    "GLOSSOND_AUTHORITY=local",
    `GLOSSOND_BASE_DOMAIN=${BASE}`,
    "/usr/local/bin/glossond",
    ...args,
  );
}

/** What a visitor got. */
interface Visited {
  /** The status, with the page's name where it is the relay's, or the error. */
  what: string;
  /** Absent where there was no answer. */
  status?: number;
  ms: number;
}

/** What a visitor of `kaylee` gets. */
async function gotBy(relay: Relay): Promise<Visited> {
  const began = performance.now();
  const ms = (): number => Math.round(performance.now() - began);
  try {
    const { status, headers } = await visit(relay, `kaylee.${BASE}`);
    const page = headers.get("Glosson-Page");
    return { what: page === null ? `${status}` : `${status} ${page}`, status, ms: ms() };
  } catch (error) {
    return { what: (error as Error).message, ms: ms() };
  }
}
