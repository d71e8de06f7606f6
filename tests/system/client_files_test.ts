import assert from "node:assert/strict";
import { EXIT } from "../../examples/client/exit_codes.ts";
import { must } from "../../scripts/run.ts";
import { CLIENTS, setUpGlosson } from "../stories/glosson.ts";
import { exchangeRaw } from "../stories/raw_https.ts";
import { BASE, type Relay, startRelay } from "../stories/relay.ts";

/** A path that nothing has: maybe of a disk that is mounted later. */
const NOWHERE = "/nowhere/at/all";

/** What `run` is told that needs a file which is not there, and how it says so. */
const MISSING: [args: string[], said: RegExp][] = [
  [["--dir", NOWHERE], /Cannot serve \/nowhere\/at\/all: there is no such folder$/m],
  [["--dir", "/etc/hosts"], /Cannot serve \/etc\/hosts: it is not a folder$/m],
  [
    ["--upstream", "https://localhost:1", "--upstream-ca", NOWHERE],
    /Cannot read the authorities given with --upstream-ca: .*\/nowhere\/at\/all/,
  ],
  [["--log-file", NOWHERE], /Cannot write the log file \/nowhere\/at\/all: /],
];

for (const [name, client] of Object.entries(CLIENTS)) {
  Deno.test(`run names the file that is not there, and may be started again: the ${name} client`, async () => {
    await using relay = await startRelay();
    await using glosson = await setUpGlosson(relay, "kaylee", { client });
    for (const [args, said] of MISSING) {
      const { code, stderr } = await glosson.command("run", ...args);
      assert.match(stderr, said);
      // A service manager would not try again after any other (`install`).
      assert.equal(code, EXIT.failed, stderr);
    }
  });

  Deno.test(`files that cannot be read for now are no 404: the ${name} client`, async () => {
    await using relay = await startRelay();
    await using glosson = await setUpGlosson(relay, "kaylee", { client });
    await using folder = await temporaryFolder();
    const site = `${folder.path}/site`;
    const make = async (): Promise<void> => {
      await Deno.mkdir(site);
      await Deno.writeTextFile(`${site}/index.html`, "home");
    };
    await make();
    const run = glosson.run("--dir", site);
    await run.log.first((line) => line.includes("Online"), "Online");
    assert.deepEqual(await ask(relay), [200, null]);
    // Made anew, as generators of sites do, or on a disk that was unplugged.
    await Deno.remove(site, { recursive: true });
    assert.deepEqual(await ask(relay), [503, "10"]);
    await Deno.writeTextFile(site, "");
    assert.deepEqual(await ask(relay), [503, "10"]);
    await Deno.remove(site);
    await make();
    assert.deepEqual(await ask(relay), [200, null]);
    // Whoever is here already asks again at a moment when no file can be opened.
    const limit = (files: number) =>
      must("prlimit", ["--pid", String(run.pid), `--nofile=${files}:`]);
    assert.deepEqual(await ask(relay, () => limit(3)), [503, "10"]);
    await limit(1024);
    assert.deepEqual(await ask(relay), [200, null]);
    assert.deepEqual(await ask(relay, undefined, "/nothing"), [404, null]);
  });
}

/** Status and `Retry-After` of a path, asked for once `before` has happened on an open connection. */
async function ask(
  relay: Relay,
  before?: () => Promise<unknown>,
  path = "/",
): Promise<[status: number | undefined, retryAfter: string | null | undefined]> {
  const serverName = `kaylee.${BASE}`;
  const pieces = ["GET ", `${path} HTTP/1.1\r\nHost: ${serverName}\r\nConnection: close\r\n\r\n`];
  const [answer] = await exchangeRaw(relay, { listener: "hub", serverName }, pieces, {
    between: before,
  });
  return [answer?.status, answer?.headers.get("retry-after")];
}

async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir({ prefix: "glosson_files_" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
