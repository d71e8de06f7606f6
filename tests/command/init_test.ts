import assert from "node:assert/strict";
import { loadConfig } from "../../lib/config/load.ts";
import { type Ran, run } from "../../scripts/run.ts";
import { commandLine } from "../stories/admin_command.ts";
import { bareEnvironment } from "../stories/environment.ts";
import { runOnTerminal } from "./terminal.ts";

const SECRET = "never-to-be-seen";

/** The root folder of a machine that is to become a relay. */
interface Machine extends AsyncDisposable {
  root: string;
  env: Record<string, string>;
  /** Runs `glossond init` for it; what is `typed` comes over standard input. */
  init(args: string[], typed?: string, env?: Record<string, string>): Promise<Ran>;
  read(path: string): Promise<string>;
  mode(path: string): Promise<string>;
  write(path: string, text: string): Promise<void>;
}

async function machineWith(...folders: string[]): Promise<Machine> {
  const root = await Deno.makeTempDir({ prefix: "glossond-init-" });
  for (const folder of folders) await Deno.mkdir(root + folder, { recursive: true });
  const env = { ...bareEnvironment(root), NO_COLOR: "1" };
  return {
    root,
    env,
    init(args, typed = "", more = {}) {
      const [program = "", ...words] = commandLine(["init", "--root", root, ...args]);
      return run(program, words, { input: typed, clearEnv: true, env: { ...env, ...more } });
    },
    read: (path) => Deno.readTextFile(root + path),
    mode: async (path) => ((await Deno.stat(root + path)).mode! & 0o777).toString(8),
    write: (path, text) => Deno.writeTextFile(root + path, text),
    [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }),
  };
}

/** The settings that the files of a machine make, without those that nobody set. */
async function settingsOf(machine: Machine) {
  const { settings, problems } = loadConfig({
    env: {},
    file: await machine.read("/etc/glossond/settings"),
    secrets: await machine.read("/etc/glossond/secrets"),
  });
  assert.deepEqual(problems, []);
  return settings!;
}

Deno.test("init asks for what a machine does not tell, shows no secret, and writes what HAProxy and Apache need", async () => {
  await using machine = await machineWith("/etc/haproxy", "/etc/apache2");
  const [program = "", ...args] = commandLine(["init", "--root", machine.root]);
  const { code, stdout } = await runOnTerminal(program, args, [
    ["Base domain (users are served at USER.BASE): ", "not a domain\n"],
    ['It is "not a domain", not a domain name', "Pages.Example.org\n"],
    ["mail address, for the certificate authority: ", "me@example.org\n"],
    ["reports of abuse, shown on the pages [me@example.org]: ", "\n"],
    ["haproxy, or glossond alone [haproxy]: ", "\n"],
    ["sites of its own, yes or no [yes]: ", "\n"],
    ["(bind9, knot) [powerdns]: ", "\n"],
    ["The PowerDNS API: ", "http://127.0.0.1:8081/api/v1\n"],
    ["(not shown): ", `${SECRET}x\x7f\n`],
    ["{name} for the username (empty: you write get_bio.py): ", "https://c.example/~{name}\n"],
    ["CSS selector [bio]: ", "#profile .bio\n"],
  ], { clearEnv: true, env: machine.env });
  assert.equal(code, 0, stdout);
  assert.ok(!stdout.includes(SECRET), stdout);
  assert.match(stdout, /wrote +\/etc\/systemd\/system\/glossond\.service\r\n/);

  const settings = await settingsOf(machine);
  assert.equal(settings.baseDomain, "pages.example.org");
  assert.equal(settings.contact, "me@example.org");
  assert.equal(settings.pdnsApiKey, SECRET);
  assert.deepEqual(settings.proxyProtocolFrom, ["127.0.0.1"]);
  assert.deepEqual(settings.fallbackBackend, { host: "127.0.0.1", port: 8443, proxyHeader: true });
  assert.equal(settings.stateDir, "/var/lib/glossond");
  assert.equal(await machine.mode("/etc/glossond/secrets"), "600");
  assert.equal(await machine.mode("/etc/glossond/settings"), "644");
  assert.equal(await machine.mode("/etc/glossond/get_bio.py"), "755");
  assert.ok(!(await machine.read("/etc/glossond/settings")).includes(SECRET));
  const script = await machine.read("/etc/glossond/get_bio.py");
  assert.match(script, /^PROFILE_URL = "https:\/\/c\.example\/~\{name\}"$/m);
  assert.match(script, /^PROFILE_SELECTOR = "#profile \.bio"$/m);
  const haproxy = await machine.read("/etc/glossond/haproxy.cfg");
  assert.match(haproxy, /^ {4}use_backend glossond_control .* relay\.pages\.example\.org }$/m);
  assert.match(haproxy, /^backend apache_tls$/m);
  const apache = await machine.read("/etc/glossond/apache-vhost.conf");
  assert.match(apache, /ServerAlias \*\.pages\.example\.org\n/);
  assert.match(apache, /pages\\\.example\\\.org/);
  for (const text of [haproxy, apache]) assert.ok(!text.includes("kaylee.wtf"));
});

Deno.test("init --yes takes options and what the machine tells, and never a secret from the command line", async () => {
  await using machine = await machineWith("/etc/haproxy", "/etc/powerdns/pdns.d");
  await machine.write("/etc/powerdns/pdns.conf", "# api-key=old\nwebserver-address=0.0.0.0\n");
  await machine.write("/etc/powerdns/pdns.d/api.conf", `api-key=${SECRET}\nwebserver-port=8099\n`);
  const none = await machine.init(["--yes"]);
  assert.deepEqual([none.code, none.stderr], [
    2,
    "glossond: Nothing tells what is needed: give --base-domain, --acme-email\n",
  ]);
  const { code, text } = await machine.init(
    ["--yes", "--base-domain", "b.example", "--acme-email", "me@b.example", "--log", "json"],
  );
  assert.equal(code, 0, text);
  assert.ok(!text.includes(SECRET));
  const settings = await settingsOf(machine);
  assert.equal(settings.pdnsApiUrl, "http://127.0.0.1:8099");
  assert.deepEqual([settings.pdnsApiKey, settings.log], [SECRET, "json"]);
  // Without Apache glossond itself leads from http to https.
  assert.deepEqual([settings.httpHost, settings.httpPort], ["127.0.0.1", 8080]);
  assert.doesNotMatch(await machine.read("/etc/glossond/haproxy.cfg"), /apache/i);
  await assert.rejects(machine.read("/etc/glossond/apache-vhost.conf"));
  for (const option of ["--powerdns-api-key", "--rfc2136-key-secret"]) {
    assert.equal((await machine.init(["--yes", option, "x"])).code, 2);
  }
});

Deno.test("init without HAProxy takes the ports, and reads the secret of dynamic updates from elsewhere", async () => {
  await using machine = await machineWith("/etc/apache2");
  const secret = btoa(SECRET.padEnd(18, "-"));
  const args = ["--base-domain", "b.example", "--acme-email", "me@b.example", "--dns", "rfc2136"];
  const { code, text } = await machine.init(
    [...args, "--yes", "--secret-file", "-"],
    `${secret}\n`,
  );
  assert.equal(code, 0, text);
  const settings = await settingsOf(machine);
  assert.deepEqual([settings.hubHost, settings.hubPort, settings.httpPort], ["::", 443, 80]);
  assert.deepEqual(settings.httpFallbackBackend, {
    host: "127.0.0.1",
    port: 8080,
    proxyHeader: false,
  });
  assert.equal(settings.rfc2136KeySecret, secret);
  const dropIn = "/etc/systemd/system/glossond.service.d/ports.conf";
  assert.match(await machine.read(dropIn), /^AmbientCapabilities=CAP_NET_BIND_SERVICE$/m);

  const other = btoa("another-secret-now");
  const hook = "https://hooks.example/never-to-be-seen-either";
  const wrong = await machine.init([...args, "--yes", "--front", "nginx"]);
  assert.deepEqual([wrong.code, wrong.stderr], [
    2,
    'glossond: --front is "nginx"; it can be haproxy or alone\n',
  ]);
  await machine.init([...args, "--yes", "--force"], "", {
    GLOSSOND_RFC2136_KEY_SECRET: other,
    GLOSSOND_ON_TROUBLE: hook,
  });
  const { rfc2136KeySecret, onTrouble } = await settingsOf(machine);
  assert.deepEqual([rfc2136KeySecret, onTrouble], [other, hook]);
  // All can read that file.
  assert.doesNotMatch(await machine.read("/etc/glossond/settings"), /SECRET=|hooks\.example/);
});

Deno.test({
  name: "init asks nothing where it could write nothing",
  ignore: Deno.build.os !== "linux" || Deno.uid() !== 0,
  async fn() {
    await using machine = await machineWith();
    const script = 'mount -t tmpfs -o ro tmpfs "$0" && exec "$@"';
    const { code, stdout, stderr } = await run(
      "unshare",
      [
        "--mount",
        "sh",
        "-c",
        script,
        machine.root,
        ...commandLine(["init", "--root", machine.root]),
      ],
      { clearEnv: true, env: machine.env },
    );
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /^glossond: Cannot write into \S+: the file system is read-only; /);
  },
});

Deno.test("init leaves what is there unless told, and proposes what held before", async () => {
  await using machine = await machineWith();
  const args = ["--base-domain", "b.example", "--acme-email", "me@b.example", "--pdns-api-url"];
  const api = "http://127.0.0.1:8081";
  const env = { GLOSSOND_POWERDNS_API_KEY: SECRET };
  await machine.init([...args, api, "--yes", "--idle-hours", "5"], "", env);
  const script = `${await machine.read("/etc/glossond/get_bio.py")}# mine\n`;
  await machine.write("/etc/glossond/get_bio.py", script);
  await Deno.chmod(`${machine.root}/etc/glossond/secrets`, 0o644);

  // In the shell that the next steps set up.
  const settingsFile = `${machine.root}/etc/glossond/settings`;
  const again = await machine.init(["--yes"], "", { GLOSSOND_SETTINGS_FILE: settingsFile });
  assert.equal(again.code, 0, again.text);
  assert.match(again.stdout, /^as it was +\/etc\/glossond\/settings$/m);
  assert.match(again.stdout, /^kept +\/etc\/glossond\/get_bio\.py, which is different/m);
  assert.equal(await machine.read("/etc/glossond/get_bio.py"), script);
  // What anybody could read, nobody else can now.
  assert.equal(await machine.mode("/etc/glossond/secrets"), "600");

  // What is kept is what counts.
  const good = await machine.read("/etc/glossond/settings");
  await machine.write("/etc/glossond/settings", `${good}rubbish\n`);
  const kept = await machine.init(["--yes"]);
  assert.equal(kept.code, 2, kept.text);
  assert.match(kept.stdout, /^FAULT +settings: Line \d+ of the settings file is not of the form/m);
  await machine.write("/etc/glossond/settings", good);

  // Nothing but the contact and the script is different: asked for each.
  const typed = "\n\nabuse@b.example\n\n\n\n\n\n" + "yes\nno\n";
  const asked = await machine.init([], typed);
  assert.equal(asked.code, 0, asked.text);
  assert.match(asked.stdout, /settings is there and different\. Replace it\? \[no\]: replaced/);
  assert.match(asked.stdout, /get_bio\.py is there and different\. Replace it\? \[no\]: kept/);
  const settings = await settingsOf(machine);
  assert.deepEqual([settings.contact, settings.idleHours], ["abuse@b.example", 5]);
});
