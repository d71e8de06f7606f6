import assert from "node:assert/strict";
import { join } from "node:path";
import project from "../../deno.json" with { type: "json" };
import { freePort } from "../../scripts/ports.ts";
import { BASE, type Relay, ROOT, startRelay } from "../stories/relay.ts";
import { type StayingVisitor, stayingVisitor } from "../stories/staying_visitor.ts";
import { openBrowser } from "./chromium.ts";
import {
  curl,
  install,
  makeEnvironment,
  PACKAGE,
  REFERENCE,
  type Running,
  setupArguments,
  sh,
  start,
} from "./python_client.ts";

const TESTS = join(ROOT, "tests/examples/python");

/** One virtual environment for all: it takes a while to make. */
const folder = await Deno.makeTempDir({ prefix: "glosson-python-" });
let made: Promise<string> | undefined;

function python(): Promise<string> {
  return made ??= makeEnvironment(join(folder, "venv"));
}

/** The same, with what the tests and checks of the package need. */
async function pythonForTests(): Promise<string> {
  const interpreter = await python();
  await install(interpreter, "./examples/python[test]");
  return interpreter;
}

globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

/** The port settings with which a relay can be started again where it was. */
function samePorts(relay: Relay): Record<string, string> {
  const names = ["hub", "data", "control", "pages", "admin"];
  return Object.fromEntries(
    names.map((name) => [`${name.toUpperCase()}_PORT`, String(relay.ports[name])]),
  );
}

async function withRelay(
  use: (relay: Relay, state: string, clients: Running[]) => Promise<void>,
  settings: Record<string, string> = {},
): Promise<void> {
  const clients: Running[] = [];
  const state = await Deno.makeTempDir({ dir: folder });
  await using relay = await startRelay({ settings });
  try {
    await use(relay, state, clients);
  } finally {
    for (const client of clients) await client.stop();
  }
}

Deno.test({
  name: "pip install, setup and run in an empty environment: the page in curl and in Chromium",
  // playwright-core keeps its driver's timers and pipes to itself.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: () =>
    withRelay(async (relay, state, clients) => {
      const elsewhere = await Deno.makeTempDir({ dir: folder });
      const glosson = [await python(), "-m", "glosson"];
      const version = await sh([...glosson, "--version"], { cwd: elsewhere });
      assert.equal(version.text.trim(), `glosson ${project.version}`);
      const told = await sh([...glosson, ...setupArguments(relay, "kaylee", state)]);
      assert.match(told.text, /put this code into the bio of your profile "kaylee"/);
      const client = start([...glosson, "run", "--state", state], elsewhere);
      clients.push(client);
      await client.logged("Online: https://kaylee.");
      const page = await curl(relay, "kaylee");
      assert.equal(page.status, 200);
      assert.match(page.body, /kaylee\.glosson\.localhost is online/);

      const browser = await openBrowser(join(state, "home"), `${relay.stateDir}/local-ca.pem`);
      try {
        const tab = await (await browser.newContext()).newPage();
        const answer = await tab.goto(`https://kaylee.${BASE}:${relay.ports.hub}/`);
        assert.equal(answer?.status(), 200);
        const details = await answer!.securityDetails();
        assert.equal(details?.subjectName, `kaylee.${BASE}`);
        assert.equal(await tab.locator("h1").innerText(), `kaylee.${BASE} is online`);
      } finally {
        await browser.close();
      }
      const { code, text } = await client.stop();
      assert.equal(code, 0, text);
      const { token } = JSON.parse(await Deno.readTextFile(join(state, "account.json")));
      assert.ok(!`${told.text}${text}`.includes(token), "the token was shown");
    }),
});

Deno.test("either client goes on where the other stopped, with the same files and exit codes", () =>
  withRelay(async (relay, state, clients) => {
    const glosson = [await python(), "-m", "glosson"];
    const both = [glosson, REFERENCE];
    const at = ["--state", state];
    for (const client of both) {
      assert.equal((await sh([...client, "status", ...at], { fails: true })).code, 1);
      assert.equal((await sh([...client, "run", ...at], { fails: true })).code, 2);
      assert.equal((await sh([...client, "run", "--pool", "65"], { fails: true })).code, 2);
    }

    // One's claim is gone on with by the other: the code is the same.
    const names: Record<string, string> = { kaylee: "python", robin: "reference" };
    for (const [name, first] of Object.entries(names)) {
      const own = join(state, name);
      const [one, other] = first === "python" ? both : both.toReversed();
      await sh([...one!, ...setupArguments(relay, name, own)]);
      const files = [...Deno.readDirSync(own)].map((file) => file.name).sort();
      assert.deepEqual(files, ["account.json", "ca.pem", "identity.pem", "keys.json", "lock"]);
      const keys = await Deno.readTextFile(join(own, "keys.json"));
      const identity = await Deno.readTextFile(join(own, "identity.pem"));
      for (const client of [other!, one!]) {
        const running = start([...client, "run", "--state", own]);
        clients.push(running);
        await running.logged("nline");
        assert.match((await curl(relay, name)).body, /is online<\/title>/);
        const told: unknown[] = [];
        for (const asked of both) {
          const { text } = await sh([...asked, "status", "--json", "--state", own]);
          const { lastOnlineAt: _, ...status } = JSON.parse(text);
          told.push(status);
          assert.deepEqual([status.running, status.online, status.problem], [true, true, null]);
          assert.equal(status.data.works, true);
          assert.match(status.certificate.notAfter, /Z$/);
          const second = await sh([...asked, "run", "--state", own], { fails: true });
          assert.equal(second.code, 1);
          assert.match(second.text, /another glosson is running/);
        }
        assert.deepEqual(told[0], told[1]);
        const { key } = told[0] as { key: string };
        assert.equal(keys, `${JSON.stringify([key], null, 2)}\n`);
        assert.equal((await running.stop()).code, 0);
      }
      assert.equal(await Deno.readTextFile(join(own, "identity.pem")), identity);
      assert.equal(await Deno.readTextFile(join(own, "keys.json")), keys);
    }
  }));

Deno.test("a client whose name another computer took over ends, and so does a released one", () =>
  withRelay(async (relay, state, clients) => {
    const glosson = [await python(), "-m", "glosson"];
    const own = join(state, "a");
    await sh([...glosson, ...setupArguments(relay, "kaylee", own)]);
    await sh(["cp", "-r", own, join(state, "b")]);
    const older = start([...glosson, "run", "--state", own]);
    clients.push(older);
    await older.logged("Online");
    const newer = start([...glosson, "run", "--state", join(state, "b")]);
    clients.push(newer);
    const over = await older.ended;
    assert.equal(over.code, 3);
    assert.match(over.text, /Another glosson run took over this name/);

    const released = await sh([...glosson, "release", "--yes", "--state", own]);
    assert.match(released.text, /is given back/);
    const gone = await newer.ended;
    assert.equal(gone.code, 4);
    assert.match(gone.text, /no longer accepts this account's token/);
    const left = [...Deno.readDirSync(own)].map((file) => file.name).sort();
    assert.deepEqual(left, ["keys.json", "lock"]);
    const refused = await sh([...glosson, "run", "--state", join(state, "b")], { fails: true });
    assert.equal(refused.code, 4);
    assert.match(refused.text, /setup to get a new token/);
    for (const { text } of [over, gone, refused]) assert.doesNotMatch(text, /Traceback/);
  }));

Deno.test("a relay that was restarted, and one that was killed, finds its client again", () =>
  withRelay(async (relay, state, clients) => {
    const glosson = [await python(), "-m", "glosson"];
    await sh([...glosson, ...setupArguments(relay, "kaylee", state)]);
    const client = start([...glosson, "run", "--state", state]);
    clients.push(client);
    await client.logged("Online");
    const dir = join(relay.stateDir, "..");
    let times = 1;
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      await relay.stop(signal);
      await client.logged("coming back", times++);
      const again = await startRelay({ dir, settings: samePorts(relay) });
      try {
        await client.logged("Online", times);
        assert.equal((await curl(relay, "kaylee")).status, 200);
      } finally {
        await again.stop(signal === "SIGTERM" ? "SIGKILL" : "SIGTERM");
      }
    }
  }));

/** Reads an answer to its end. */
async function allOf(visitor: StayingVisitor): Promise<void> {
  for (let text = ""; !text.endsWith("page");) {
    const more = await visitor.answer();
    assert.notEqual(more, "", text);
    text += more;
  }
}

Deno.test("a relay that stops waits for who is being answered, and for no connection that is only kept", () =>
  withRelay(async (relay, state, clients) => {
    const slow = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    await using app = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      async ({ url }) => {
        if (url.endsWith("/slow")) {
          asked.resolve();
          await slow.promise;
        }
        return new Response("page");
      },
    );
    const glosson = [await python(), "-m", "glosson"];
    await sh([...glosson, ...setupArguments(relay, "kaylee", state)]);
    const upstream = ["--upstream", String(app.addr.port)];
    const client = start([...glosson, "run", "--state", state, ...upstream]);
    clients.push(client);
    await client.logged("Online");
    using kept = await stayingVisitor(relay);
    using waits = await stayingVisitor(relay);
    await kept.ask("/");
    await allOf(kept);
    await waits.ask("/slow");
    await asked.promise;
    const stopped = relay.stop();
    // Were it kept until the relay has waited for long enough, nobody would be answered any more.
    assert.equal(await kept.answer(), "");
    slow.resolve();
    await allOf(waits);
    assert.equal(await waits.answer(), "");
    assert.equal((await stopped).code, 0);
  }, { DRAIN_SECONDS: "20" }));

Deno.test("where only the relay's own port can be reached either client finds out, and both know it then", () => {
  // Nothing listens at the data port that clients are told.
  const settings = { PUBLIC_DATA_PORT: String(freePort()) };
  return withRelay(async (relay, state, clients) => {
    const glosson = [await python(), "-m", "glosson"];
    await sh([...glosson, ...setupArguments(relay, "kaylee", state)]);
    const kept: string[] = [];
    for (const client of [glosson, REFERENCE]) {
      const running = start([...client, "run", "--state", state]);
      clients.push(running);
      await running.logged("nline");
      assert.equal((await curl(relay, "kaylee")).status, 200);
      const { text } = await sh([...client, "status", "--json", "--state", state]);
      const { data } = JSON.parse(text);
      assert.deepEqual([data.works, data.over], [true, "websocket"]);
      const { code, text: said } = await running.stop();
      assert.equal(code, 0);
      kept.push(await Deno.readTextFile(join(state, "networks.json")));
      assert.equal(/cannot be used in this network/.test(said), client === glosson);
    }
    assert.deepEqual(JSON.parse(kept[0]!), { addresses: ["127.0.0.1"] });
    assert.equal(kept[0], kept[1]);
  }, settings);
});

Deno.test("either client serves the first visitor where something on the way takes what goes to the data port", () => {
  // The kernel takes connections and bytes, and nobody ever answers.
  const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return withRelay(async (relay, state, clients) => {
    for (
      const [name, client] of [["jo", REFERENCE], ["sam", [
        await python(),
        "-m",
        "glosson",
      ]]] as const
    ) {
      const folder = join(state, name);
      await sh([...client, ...setupArguments(relay, name, folder)]);
      const running = start([...client, "run", "--state", folder]);
      clients.push(running);
      await running.logged("nline");
      assert.equal((await curl(relay, name)).status, 200);
      const { text } = await sh([...client, "status", "--json", "--state", folder]);
      const { data } = JSON.parse(text);
      assert.deepEqual([data.works, data.over], [true, "websocket"]);
    }
  }, { PUBLIC_DATA_PORT: String(silent.addr.port) }).finally(() => silent.close());
});

Deno.test("either client leaves a relay alone that is full for as long as it asks", () =>
  withRelay(async (relay, state, clients) => {
    const glosson = [await python(), "-m", "glosson"];
    for (const name of ["kaylee", "jo", "sam"]) {
      await sh([...glosson, ...setupArguments(relay, name, join(state, name))]);
    }
    const first = start([...glosson, "run", "--state", join(state, "kaylee")]);
    clients.push(first);
    await first.logged("Online");
    for (const [name, client] of [["jo", glosson], ["sam", REFERENCE]] as const) {
      const refused = start([...client, "run", "--state", join(state, name)]);
      clients.push(refused);
      // Sixty seconds, and a share of the first second on top.
      await refused.logged("coming back");
      const { text } = await refused.stop();
      assert.match(text, /coming back.*\b6[01]\b/);
      assert.match(text, /The relay is busy/);
    }
  }, { MAX_CLIENTS: "1" }));

/** Where the tests in Python find the relay. */
function testEnvironment(relay: Relay): Record<string, string> {
  return {
    GLOSSON_TEST_RELAY: JSON.stringify({
      hub: relay.ports.hub,
      control: relay.ports.control,
      ca: join(relay.stateDir, "local-ca.pem"),
      bios: relay.biosDir,
      base: BASE,
    }),
    PYTHONDONTWRITEBYTECODE: "1",
  };
}

for (
  const [name, which] of Object.entries({ "newest packages": pythonForTests, "Debian's": debian })
) {
  Deno.test(`the tests in Python pass against the real relay with the ${name}`, () =>
    withRelay(async (relay) => {
      const command = [await which(), "-m", "pytest", "-q", "-p", "no:cacheprovider", TESTS];
      const { text } = await sh(command, { env: testEnvironment(relay) });
      assert.match(text, /\n\d{2,} passed in /, text);
    }, { NAMES_BELOW: "2", CERTIFICATES_PER_DAY: "20", CLAIMS_PER_HOUR: "100" }));
}

/** Debian's own Python, with the packages that Debian has. */
function debian(): Promise<string> {
  return Promise.resolve("/usr/bin/python3");
}

Deno.test("the package is free of what ruff and mypy --strict find, for Python 3.9", async () => {
  const bin = join(await pythonForTests(), "..");
  await sh([join(bin, "ruff"), "check", "--no-cache", "."], { cwd: PACKAGE });
  await sh([join(bin, "ruff"), "format", "--no-cache", "--check", "."], { cwd: PACKAGE });
  await sh([join(bin, "ruff"), "check", "--no-cache", "."], { cwd: TESTS });
  const cache = await Deno.makeTempDir({ dir: folder });
  const { text } = await sh([join(bin, "mypy"), "--cache-dir", cache], { cwd: PACKAGE });
  assert.match(text, /Success: no issues found in \d+ source files/);
});

Deno.test("each file of the package is short, and installing it leaves nothing behind", async () => {
  const files = [...Deno.readDirSync(join(PACKAGE, "glosson"))].filter((f) => f.isFile);
  assert.ok(files.length > 30);
  for (const { name } of files) {
    const text = await Deno.readTextFile(join(PACKAGE, "glosson", name));
    assert.ok(text.split("\n").length <= 201, `${name} is too long`);
  }
  const { text } = await sh(["git", "status", "--porcelain", "--ignored", "examples/python"]);
  assert.doesNotMatch(text, /build|egg-info|dist/, "installing left something in the folder");
});
