import assert from "node:assert/strict";
import { PROGRAMS } from "../../scripts/compile/programs.ts";
import { LoggedProcess } from "../../scripts/logged_process.ts";
import { run } from "../../scripts/run.ts";
import { BASE, type Relay, ROOT, startRelay } from "../stories/relay.ts";
import { serveUser, signUp, visit } from "../stories/user.ts";
import { executables } from "./deploy/executable.ts";
import { staysInstalled } from "./deploy/install.ts";
import { readTouched, STRACE } from "./deploy/touched.ts";

/** Files that the relay touches, as examples/OPERATING.md lists them. */
const FILES = [
  // Its own: the state folder, the secrets and settings files, and itself.
  /^DIR(\/|$)/,
  // The dynamic linker's and the C library's.
  /^\/(usr\/)?lib(64)?\//,
  /^\/etc\/(ld\.so\.|localtime$|nsswitch\.conf$|host\.conf$|hosts$|resolv\.conf$|gai\.conf$)/,
  /^\/usr\/(lib|share)\/(locale|zoneinfo)\//,
  /^\/etc\/ssl\/(certs(\/|$)|openssl\.cnf$)/,
  // What the runtime asks of the machine.
  /^\/proc\/(self\/|meminfo$|cpuinfo$|stat$|version_signature$|sys\/)/,
  /^\/sys\/(fs\/cgroup|devices\/system\/cpu|kernel\/mm\/transparent_hugepage)\b/,
  /^\/dev\/(null|urandom|tty)$/,
];

Deno.test("the executables name their version and commit, and ask for no permission", async () => {
  const dir = await executables();
  const { text: commit } = await run("git", ["-C", ROOT, "rev-parse", "--short=12", "HEAD"]);
  const version = await run(`${dir}/glossond`, ["--version"]);
  assert.match(version.text, new RegExp(`^glossond \\S+ \\(${commit.trim()}(\\+changes)?\\)\n$`));
  for (const program of ["glossond", "glosson"]) {
    // In a terminal, where Deno would ask.
    const { code, text } = await run("script", [
      ...["-qec", `${dir}/${program} --help`, "/dev/null"],
    ]);
    assert.equal(code, 0);
    assert.match(text, new RegExp(`^${program}`));
    assert.doesNotMatch(text, /permission|allow/i);
  }
});

Deno.test("the executable touches no file and starts no program beside those in OPERATING.md", async () => {
  const dir = await executables();
  const home = await Deno.makeTempDir({ prefix: "glossond-story-" });
  const trace = `${home}/trace`;
  await using relay = await startRelay({
    dir: home,
    executable: `${dir}/glossond`,
    // The system's own Python only: what others touch is not the relay's doing. -D: strace itself
    // steps aside, so that signals reach the relay.
    launcher: ["env", "PATH=/usr/bin:/bin", "strace", ...STRACE, "-D", "-o", trace],
  });
  const user = await signUp(relay, "kaylee");
  await using _server = await serveUser(relay, user, () => new Response("hello"));
  assert.equal((await visit(relay, user.hostname)).body, "hello");
  assert.equal((await visit(relay, BASE)).status, 200);
  await relay.stop();
  const { files, programs } = readTouched(await Deno.readTextFile(trace));
  const named = files.map((file) => file.replace(home, "DIR").replace(`${dir}/`, "DIR/"));
  const unknown = named.filter((file) => !FILES.some((known) => known.test(file)));
  assert.deepEqual(unknown, []);
  assert.ok(named.some((file) => file.startsWith("DIR/state/")));
  assert.deepEqual(programs, ["/usr/bin/python3"]);
});

Deno.test("the relay reads no variable that its permissions do not name", async () => {
  await using stack = new AsyncDisposableStack();
  const dir = await Deno.makeTempDir({ prefix: "glossond-audit-" });
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const { permissions } = PROGRAMS.find(({ name }) => name === "glossond")!;
  const env = { GLOSSOND_AUTHORITY: "local", SECRET_OF_ANOTHER: "secret", DEBUG: "*" };
  const { text } = await run(
    Deno.execPath(),
    ["run", "--no-prompt", "--ignore-env", ...permissions, `${ROOT}main.ts`, "config", "--json"],
    { env: { ...env, DENO_AUDIT_PERMISSIONS: `${dir}/audit`, NO_COLOR: "1" } },
  );
  assert.deepEqual(JSON.parse(text).problems, []);
  assert.doesNotMatch(text, /secret"/);
  const lines = (await Deno.readTextFile(`${dir}/audit`)).trim().split("\n");
  const asked = lines.map((line) => JSON.parse(line) as { permission: string; value?: string });
  // Without a name all are asked for, and those come that may be read.
  const names = asked.filter(({ permission, value }) => permission === "env" && value)
    .map(({ value }) => value!);
  // `DEBUG` is asked for by a library, and looks as if it was not set.
  const unknown = names.filter((name) =>
    !/^(?:GLOSSOND_\w+|JOURNAL_STREAM|NOTIFY_SOCKET|SUDO_UID|WATCHDOG_USEC|DEBUG)$/.test(name)
  );
  assert.deepEqual([...new Set(unknown)], []);
});

Deno.test("every story is true of the executable", { timeout: 28 * 60_000 }, async () => {
  const dir = await executables();
  const { code, text } = await run(
    Deno.execPath(),
    [
      ...["test", "-A", "--no-check", "--parallel", "--quiet"],
      ...["--preload", `${ROOT}tests/time_limit.ts`, `${ROOT}tests/stories/`],
    ],
    { env: { GLOSSOND_BIN: `${dir}/glossond`, NO_COLOR: "1" } },
  );
  assert.equal(code, 0, text.slice(-5000));
  assert.match(text, /\| \d\d+ passed (?:\(\d+ steps\) )?\| 0 failed/);
});

/** A client's executable that runs until it is disposed of, with its lines. */
async function online(
  dir: string,
  relay: Relay,
  args: string[],
): Promise<AsyncDisposable & { lines: readonly string[] }> {
  const process = new LoggedProcess([
    ...[`${dir}/glosson`, "run", "--state", `${relay.stateDir}/../glosson`],
    ...args,
  ]);
  try {
    await process.said(/Online/);
  } catch (error) {
    await process.stop();
    throw error;
  }
  return {
    lines: process.lines,
    async [Symbol.asyncDispose]() {
      assert.equal((await process.stop()).code, 0, process.lines.join("\n"));
    },
  };
}

Deno.test("the client's executable shows a page, a folder, and web apps", async (t) => {
  const dir = await executables();
  await using relay = await startRelay();
  const hostname = `kaylee.${BASE}`;
  const setup = await run(`${dir}/glosson`, [
    ...["setup", "kaylee", "--relay", `https://localhost:${relay.ports.control}`],
    ...["--ca", `${relay.stateDir}/local-ca.pem`, "--bio-file", `${relay.biosDir}/kaylee.txt`],
    ...["--state", `${relay.stateDir}/../glosson`],
  ]);
  assert.equal(setup.code, 0, setup.text);

  await t.step("its own", async () => {
    await using client = await online(dir, relay, []);
    assert.match((await visit(relay, hostname)).body, /is online/);
    // Nothing that a visitor sends ends it.
    for (
      const options of [["-alpn", "foo"], ["-groups", "ffdhe2048"], [
        "-no_tls1_3",
        "-cipher",
        "AES128-SHA",
      ]]
    ) {
      const to = ["-connect", `127.0.0.1:${relay.ports.hub}`, "-servername", hostname];
      await run("openssl", ["s_client", ...to, ...options]);
    }
    assert.match((await visit(relay, hostname)).body, /is online/, client.lines.join("\n"));
  });

  await t.step("a folder", async () => {
    const site = await Deno.makeTempDir({ dir: `${relay.stateDir}/..` });
    await Deno.writeTextFile(`${site}/index.html`, "<p>mine</p>");
    await using _client = await online(dir, relay, ["--dir", site]);
    assert.equal((await visit(relay, hostname)).body, "<p>mine</p>");
  });

  await t.step("an app", async () => {
    await using app = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => new Response(`app of ${request.headers.get("host")}`),
    );
    await using _client = await online(dir, relay, ["--upstream", String(app.addr.port)]);
    assert.equal((await visit(relay, hostname)).body, `app of ${hostname}`);
  });

  await t.step("an app with a certificate of its own", async () => {
    const pem = `${relay.stateDir}/../app.pem`;
    const { code, text } = await run("openssl", [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-keyout", `${pem}.key`, "-out", pem, "-subj", "/CN=localhost"],
      ...["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=CA:FALSE"],
    ]);
    assert.equal(code, 0, text);
    await using app = Deno.serve({
      hostname: "127.0.0.1",
      port: 0,
      onListen() {},
      cert: await Deno.readTextFile(pem),
      key: await Deno.readTextFile(`${pem}.key`),
    }, () => new Response("secure"));
    const upstream = ["--upstream", `https://localhost:${app.addr.port}`];
    for (const trust of [["--upstream-ca", pem], ["--insecure-upstream"]]) {
      await using client = await online(dir, relay, [...upstream, ...trust]);
      assert.equal((await visit(relay, hostname)).body, "secure", client.lines.join("\n"));
    }
    await using client = await online(dir, relay, upstream);
    assert.equal((await visit(relay, hostname)).status, 502);
    assert.ok(
      client.lines.some((line) => /warn .*certificate/i.test(line)),
      client.lines.join("\n"),
    );
  });
});

Deno.test("the client's executable is kept running by the real systemd --user", async () => {
  await staysInstalled({ folder: "/", command: [`${await executables()}/glosson`] });
});

Deno.test("the client's executable asks systemd and then cron, and tells a system that has neither", async () => {
  const glosson = `${await executables()}/glosson`;
  await using stack = new AsyncDisposableStack();
  const dir = await Deno.makeTempDir({ prefix: "glossond-install-" });
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const bin = `${dir}/bin`;
  await Deno.mkdir(bin);
  const script = '#!/bin/sh\necho "${0##*/} $*" >> "${0%/*}/started"\nexit 1\n';
  for (const name of ["systemctl", "crontab"]) {
    await Deno.writeTextFile(`${bin}/${name}`, script, { mode: 0o755 });
  }
  const state = `${dir}/installed`;
  await Deno.mkdir(state);
  const account = { username: "kaylee", hostname: "kaylee.example", token: "x".repeat(22) };
  await Deno.writeTextFile(
    `${state}/account.json`,
    JSON.stringify({ ...account, relay: "https://localhost:1/", keyType: "ecdsa" }),
  );
  async function install(PATH: string): Promise<string> {
    const env = { PATH };
    const { code, stderr } = await run(glosson, ["install", "--state", state], { env });
    assert.equal(code, 1);
    return stderr;
  }
  assert.match(await install(bin), /^glosson: Cannot read the table of cron: crontab -l says/);
  assert.equal(
    await Deno.readTextFile(`${bin}/started`),
    "systemctl --user --no-pager show --property=Version\ncrontab -l\ncrontab -l\n",
  );
  // Not that it has no permission to run them.
  assert.match(
    await install("/nonexistent"),
    /^glosson: Cannot install: this system has no systemd/,
  );
});
